//! The names senders give to what every event has, and the field each of them means.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

pub(in super::super) use super::shape::Shape;

use Shape::{
    Address, Direction, Host, Level, Message, Method, Name, Number, Outcome, Port, Process,
    Protocol, Scalar, Severity, Sha, Source, Status, Tags, Technique, Text, Time, Transport, Type,
};

/// A field, what its value must be, and the names it goes by, best first: small letters and
/// digits only, as [`squeeze`] leaves them, so that `src_ip`, `srcIp` and `src.ip` are one.
pub(super) type Known = (&'static str, Shape, &'static str);

/// Where the event's own fields stand in [`KNOWN`].
pub(super) const MESSAGE: usize = 0;
pub(super) const SEVERITY: usize = 1;
pub(super) const LEVEL: usize = 2;
pub(super) const TIME: usize = 3;
pub(super) const TYPE: usize = 4;
pub(super) const SOURCE: usize = 5;
pub(super) const TAGS: usize = 6;
/// The first that is a field of the attributes.
pub(super) const FIRST_FIELD: usize = 7;

/// Every field that is looked for.
pub(super) const KNOWN: &[Known] = &[
    (
        "description",
        Message,
        "message msg log shortmessage description logmessage eventmessage title text summary \
         output subject alert errormessage error err detail details fullmessage body eventoriginal name",
    ),
    (
        "severity",
        Severity,
        "severity severitylabel severityname alertseverity threatseverity sev risklevel \
         threatlevel criticality crlevel severityid eventseverity",
    ),
    (
        "log.level",
        Level,
        "levelname level loglevel lvl severitytext logseverity priority prioritytext \
         syslogpriority syslogseverity severitynumber levelno pri",
    ),
    (
        "occurred_at",
        Time,
        "occurredat eventtime timestamp time ts isodate datetime date eventcreated eventstart \
         createdat created eventtimestamp realtimetimestamp sourcerealtimetimestamp timestampms \
         timeunixnano timelocal timeiso8601 isotimestamp utctime logtime starttime activitydatetime \
         eventcreationtime published",
    ),
    (
        "event_type",
        Type,
        "eventtype eventname event type eventdataset",
    ),
    ("source_name", Source, "sourcename source"),
    ("tags", Tags, "tags"),
    (
        "source.ip",
        Address,
        "srcip sourceip sourceipaddress sourceaddress srcaddr src clientip clientipaddress \
         clientaddress client clientaddr remoteip remoteaddr remoteaddress peerip peeraddr \
         peeraddress attackerip attacker rhost rip saddr srcipaddr callerip calleripaddress userip \
         useripaddress loginip fromip whoip sourceips requestremoteip requestclientip downstreamremoteaddress \
         httprequestremoteip requestip addrremote accessdeviceip actoripaddress actorip ipaddress ip xforwardedfor addr \
         remotehost aip",
    ),
    (
        "source.port",
        Port,
        "srcport sourceport spt sport clientport remoteport peerport requestremoteport",
    ),
    (
        "source.domain",
        Name,
        "sourcedomain sourcehost srchost sourcehostname srchostname clienthostname clientdomain shost",
    ),
    ("source.mac", Name, "sourcemac srcmac smac"),
    (
        "destination.ip",
        Address,
        "dstip destip destinationip destinationipaddress destinationaddress dst dest destination \
         dstaddr destaddr daddr serverip serveraddress targetip localip lip victimip",
    ),
    (
        "destination.port",
        Port,
        "dstport destport destinationport dpt dport serverport targetport localport",
    ),
    (
        "destination.domain",
        Name,
        "destinationdomain dsthost desthost destinationhost destinationhostname dsthostname \
         desthostname dhost destinationdnsdomain",
    ),
    (
        "network.transport",
        Transport,
        "networktransport transport proto ipproto ipprotocol",
    ),
    (
        "network.protocol",
        Protocol,
        "networkprotocol protocol appproto applicationprotocol",
    ),
    ("network.direction", Direction, "networkdirection direction"),
    (
        "network.community_id",
        Name,
        "networkcommunityid communityid",
    ),
    (
        "user.name",
        Text,
        "username user srcuser sourceuser sourceusername suser usr userusername login loginname \
         accountname account acct uname remoteuser actor actorname actoralternateid principal \
         useridentityusername userprincipalname caller",
    ),
    ("user.id", Name, "userid usersid sourceuserid"),
    (
        "user.email",
        Name,
        "useremail email emailaddress actoremail principalemail useridentityemail \
         authenticationinfoprincipalemail",
    ),
    ("user.domain", Name, "userdomain accountdomain"),
    (
        "user.target.name",
        Text,
        "usertargetname targetuser targetusername dstuser destuser destinationuser duser targetaccount",
    ),
    (
        "host.name",
        Host,
        "hostname host hosthostname computername computer machinename machine nodename node \
         kuberneteshost beathostname agenthostname agentname",
    ),
    ("host.ip", Address, "hostip deviceip dvc"),
    ("host.id", Name, "hostid machineid"),
    (
        "observer.name",
        Name,
        "observername devname devicename sensorname sensor dvchost",
    ),
    (
        "observer.vendor",
        Text,
        "observervendor vendor devicevendor",
    ),
    (
        "observer.product",
        Text,
        "observerproduct product deviceproduct",
    ),
    ("observer.version", Text, "observerversion deviceversion"),
    (
        "process.name",
        Process,
        "processname program programname appname procname syslogidentifier comm process",
    ),
    ("process.pid", Number, "processpid pid processid procid"),
    (
        "process.executable",
        Text,
        "processexecutable executable exe exepath processpath imagepath",
    ),
    (
        "process.command_line",
        Text,
        "processcommandline commandline cmdline processcmdline command cmd",
    ),
    (
        "process.working_directory",
        Text,
        "processworkingdirectory workingdirectory cwd pwd",
    ),
    (
        "process.parent.pid",
        Number,
        "processparentpid parentpid ppid parentprocessid",
    ),
    (
        "process.parent.name",
        Text,
        "processparentname parentprocessname parentname parentprocess",
    ),
    (
        "process.parent.executable",
        Text,
        "processparentexecutable parentexecutable parentimage",
    ),
    (
        "process.parent.command_line",
        Text,
        "processparentcommandline parentcommandline",
    ),
    (
        "service.name",
        Text,
        "servicename service app application component systemdunit unit",
    ),
    ("log.logger", Text, "loglogger logger loggername"),
    ("log.file.path", Text, "logfilepath"),
    (
        "log.syslog.facility.name",
        Scalar,
        "logsyslogfacilityname facility syslogfacility",
    ),
    (
        "event.action",
        Text,
        "eventaction action act operation operationname methodname actionname activity verb",
    ),
    (
        "event.outcome",
        Outcome,
        "eventoutcome outcome result success loginresult authresult res",
    ),
    ("event.category", Scalar, "eventcategory category cat"),
    ("event.kind", Name, "eventkind"),
    ("event.module", Name, "eventmodule"),
    ("event.code", Scalar, "eventcode code"),
    ("event.id", Scalar, "eventid eventuuid"),
    ("event.reason", Text, "eventreason reason failurereason"),
    ("event.provider", Text, "eventprovider provider"),
    (
        "http.request.method",
        Method,
        "httprequestmethod httpmethod requestmethod method httprequestrequestmethod",
    ),
    (
        "http.response.status_code",
        Status,
        "httpresponsestatuscode statuscode httpstatus httpstatuscode responsestatus responsecode \
         httprequeststatus responsestatuscode status",
    ),
    (
        "url.original",
        Text,
        "urloriginal url urlfull requesturi requesturl uri httprequestrequesturl requestpath",
    ),
    ("url.domain", Name, "urldomain requesthost"),
    ("url.path", Text, "urlpath"),
    (
        "user_agent.original",
        Text,
        "useragentoriginal useragent httpuseragent httprequestuseragent ua",
    ),
    ("file.path", Text, "filepath"),
    ("file.name", Text, "filename file"),
    ("file.hash.md5", Sha, "filehashmd5 md5 hashmd5 filemd5"),
    ("file.hash.sha1", Sha, "filehashsha1 sha1 hashsha1 filesha1"),
    (
        "file.hash.sha256",
        Sha,
        "filehashsha256 sha256 hashsha256 filesha256",
    ),
    (
        "dns.question.name",
        Name,
        "dnsquestionname dnsquery queryname qname dnsrrname",
    ),
    ("rule.id", Scalar, "ruleid signatureid ruleuuid"),
    (
        "rule.name",
        Text,
        "rulename rule signature signaturename alertname policyname",
    ),
    ("rule.category", Text, "rulecategory"),
    (
        "threat.technique.id",
        Technique,
        "threattechniqueid techniqueid mitretechniqueid mitreid mitreattackid",
    ),
    (
        "threat.technique.name",
        Technique,
        "threattechniquename techniquename",
    ),
    (
        "threat.tactic.id",
        Technique,
        "threattacticid tacticid mitretacticid",
    ),
    (
        "threat.tactic.name",
        Technique,
        "threattacticname tacticname",
    ),
    ("error.message", Text, "errorreason"),
    (
        "container.name",
        Text,
        "containername kubernetescontainername",
    ),
    (
        "container.id",
        Name,
        "containerid kubernetesdockerid dockerid",
    ),
    (
        "container.image.name",
        Text,
        "containerimagename kubernetescontainerimage containerimage",
    ),
    (
        "orchestrator.namespace",
        Name,
        "orchestratornamespace kubernetesnamespacename kubernetesnamespace",
    ),
    (
        "orchestrator.resource.name",
        Name,
        "orchestratorresourcename kubernetespodname podname kubernetespod",
    ),
    ("cloud.provider", Name, "cloudprovider"),
    ("cloud.region", Name, "cloudregion awsregion region"),
    ("cloud.account.id", Scalar, "cloudaccountid awsaccountid"),
    ("trace.id", Name, "traceid"),
];

/// Longest name that is looked up, with the names of the objects around it.
pub(super) const NAME_MAX: usize = 48;

/// Objects whose members are what the event is about, as if they stood outside.
const TRANSPARENT: &[&str] = &[
    "data",
    "event",
    "fields",
    "attributes",
    "extra",
    "context",
    "ctx",
    "properties",
    "props",
    "details",
    "detail",
    "payload",
    "jsonpayload",
    "protopayload",
    "record",
    "requestmetadata",
    "meta",
    "metadata",
    "params",
    "info",
    "message",
    "msg",
    "log",
    "body",
    "eventdata",
];

/// A field's place in [`KNOWN`] and how well the name says it, 0 the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) field: u8,
    pub(super) rank: u8,
}

/// Mixes eight bytes at a time. Every member of every object is looked up, and the names that are
/// there are ours: nobody can choose names that collide.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0; 8];
            for (to, from) in eight.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.write_u64(u64::from_le_bytes(eight));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Meanings = HashMap<&'static [u8], Meaning, BuildHasherDefault<Mix>>;

static MEANINGS: LazyLock<Meanings> = LazyLock::new(|| {
    let mut meanings = Meanings::default();
    for (field, (_, _, names)) in (0_u8..).zip(KNOWN) {
        for (rank, name) in (0_u8..).zip(names.split_ascii_whitespace()) {
            meanings
                .entry(name.as_bytes())
                .or_insert(Meaning { field, rank });
        }
    }
    meanings
});

/// What a squeezed name means.
pub(super) fn meaning(name: &[u8]) -> Option<Meaning> {
    MEANINGS.get(name).copied()
}

/// Whether the members of an object of this squeezed name are read as if they stood outside.
pub(super) fn is_transparent(name: &[u8]) -> bool {
    TRANSPARENT.iter().any(|known| known.as_bytes() == name)
}

/// The name at a place among the names of a field.
pub(super) fn name_at(field: usize, rank: u8) -> &'static str {
    let names = KNOWN.get(field).map_or("", |(_, _, names)| names);
    let mut names = names.split_ascii_whitespace();
    names.nth(usize::from(rank % PENALTY)).unwrap_or_default()
}

/// Added to the rank of what stands inside a transparent object.
pub(super) const PENALTY: u8 = 64;

#[cfg(test)]
mod tests {
    use super::super::squeezed::Squeezed;
    use super::*;

    #[test]
    fn every_name_is_squeezed_and_means_one_thing() {
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for (path, _, names) in KNOWN {
            for name in names.split_ascii_whitespace() {
                let squeezed = Squeezed::EMPTY.then(name).expect("short enough");
                assert_eq!(squeezed.as_bytes(), name.as_bytes(), "{path}");
                assert_eq!(seen.insert(name, path), None, "{name} of {path}");
            }
            assert!(
                names.split_ascii_whitespace().count() < usize::from(PENALTY),
                "{path}"
            );
        }
        assert!(KNOWN.len() < 255);
    }

    #[test]
    fn every_spelling_of_a_name_is_one() {
        for name in ["src_ip", "srcIp", "src.ip", "SRC-IP", "_src_ip", "@srcip"] {
            let squeezed = Squeezed::EMPTY.then(name).unwrap();
            let found = meaning(squeezed.as_bytes()).unwrap();
            assert_eq!(KNOWN[usize::from(found.field)].0, "source.ip", "{name}");
        }
        let nested = Squeezed::EMPTY.then("source").unwrap().then("ip").unwrap();
        assert_eq!(meaning(nested.as_bytes()).unwrap().rank, 1);
        assert!(Squeezed::EMPTY.then("größe").is_none());
        assert!(Squeezed::EMPTY.then(&"x".repeat(200)).is_none());
    }

    #[test]
    fn the_events_own_fields_stand_where_they_are_looked_for() {
        for (place, path) in [
            (MESSAGE, "description"),
            (SEVERITY, "severity"),
            (LEVEL, "log.level"),
            (TIME, "occurred_at"),
            (TYPE, "event_type"),
            (SOURCE, "source_name"),
            (TAGS, "tags"),
        ] {
            assert_eq!(KNOWN[place].0, path);
        }
        assert_eq!(FIRST_FIELD, TAGS + 1);
    }
}
