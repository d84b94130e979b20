//! The fields that are looked for, and the names they go by.

use super::shape::Shape;

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
        "occurredat eventtime timestamp time ts isodate datetime date eventcreated \
         createdat created eventtimestamp realtimetimestamp sourcerealtimetimestamp timestampms \
         timeunixnano timelocal timeiso8601 isotimestamp utctime logtime starttime activitydatetime \
         eventcreationtime creationtime published",
    ),
    ("event_type", Type, "eventtype eventname event type"),
    ("source_name", Source, "sourcename source"),
    ("tags", Tags, "tags"),
    (
        "source.ip",
        Address,
        "srcip sourceip sourceipaddress sourceaddress srcaddr src clientip clientipaddress \
         clientaddress client clientaddr remoteip remoteaddr remoteaddress peerip peeraddr \
         peeraddress attackerip attacker rhost rip saddr srcipaddr callerip calleripaddress userip \
         useripaddress loginip fromip whoip sourceips requestremoteip requestclientip downstreamremoteaddress \
         httprequestremoteip requestip addrremote accessdeviceip actoripaddress actorip ipaddress ip \
         xforwardedfor addr remotehost aip remip",
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
        "eventoutcome outcome result success loginresult authresult resultstatus res",
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
        "rulename rule signature signaturename alertname policyname ruletitle",
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
    ("event.dataset", Name, "eventdataset"),
    ("event.type", Scalar, "eventtypes"),
    ("event.sequence", Number, "eventsequence"),
    ("event.count", Number, "eventcount"),
    ("event.start", Text, "eventstart"),
    ("event.end", Text, "eventend"),
    ("source.bytes", Number, "sourcebytes srcbytes sentbyte"),
    (
        "destination.bytes",
        Number,
        "destinationbytes dstbytes rcvdbyte",
    ),
    (
        "source.nat.ip",
        Address,
        "sourcenatip natsourceaddress natsrcip",
    ),
    (
        "source.nat.port",
        Port,
        "sourcenatport natsourceport natsrcport",
    ),
    (
        "destination.nat.ip",
        Address,
        "destinationnatip natdestinationaddress natdstip",
    ),
    (
        "destination.nat.port",
        Port,
        "destinationnatport natdestinationport natdstport",
    ),
    ("network.application", Name, "networkapplication"),
    ("file.size", Number, "filesize"),
    ("file.type", Name, "filetype"),
    ("rule.version", Scalar, "ruleversion"),
    ("rule.ruleset", Text, "ruleruleset ruleset"),
    ("rule.reference", Text, "rulereference"),
    ("observer.ip", Address, "observerip"),
    ("observer.serial_number", Name, "observerserialnumber"),
    ("agent.type", Name, "agenttype"),
    ("agent.version", Name, "agentversion"),
    ("agent.id", Name, "agentid"),
    ("log.origin.file.name", Text, "logoriginfilename"),
    ("log.origin.file.line", Number, "logoriginfileline"),
    ("log.origin.function", Text, "logoriginfunction"),
    ("span.id", Name, "spanid"),
];
