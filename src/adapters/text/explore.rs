use super::super::*;
use base::Timestamp;
use std::ops::ControlFlow;

#[test]
fn explore() {
    let dir = "/work/scratch/text/in";
    let profile = Profile::default();
    let cx = Context {
        now: Timestamp::parse("2026-11-21T18:00:00Z").unwrap(),
        bound: None,
        source: "sender",
        profile: &profile,
    };
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let mut out = String::new();
        let body = Body {
            bytes: &bytes,
            media: "text/plain",
        };
        let format = if path.extension().unwrap() == "json" {
            json::FORMAT
        } else {
            cef::FORMAT
        };
        let result = (format.read)(&body, &cx, &mut |read, bytes| {
            out.push_str(&format!(
                ">>> {}\n",
                cut(&String::from_utf8_lossy(bytes), 700)
            ));
            match read {
                Ok(r) => {
                    let e = r.event;
                    let mut a: serde_json::Value = e
                        .attributes
                        .map(|a| serde_json::from_str(a.get()).unwrap())
                        .unwrap_or_default();
                    for n in ["message", "cef", "leef", "record"] {
                        if let Some(o) = a.as_object_mut() {
                            o.remove(n);
                        }
                    }
                    out.push_str(&format!("  [{}] src={} type={} ip={:?} at={:?} said={:?} key={:?} tags={:?}\n  D {}\n  A {}\n", e.severity, e.source_name, e.event_type, e.ip_address, e.occurred_at.map(|t| t.to_string()), r.said, r.key, e.tags, cut(&e.description, 300), a));
                }
                Err(e) => out.push_str(&format!("  ERR {e:?}\n")),
            }
            ControlFlow::Continue(())
        });
        if let Err(e) = result {
            out.push_str(&format!("BODY ERR {e}"));
        }
        std::fs::write(
            format!(
                "/work/scratch/text/out/{}.txt",
                path.file_stem().unwrap().to_string_lossy()
            ),
            out,
        )
        .unwrap();
    }
}

#[cfg(not(debug_assertions))]
#[test]
fn timing() {
    let profile = Profile::default();
    let cx = Context {
        now: Timestamp::parse("2026-11-21T18:00:00Z").unwrap(),
        bound: None,
        source: "sender",
        profile: &profile,
    };
    let json = r#"{"@timestamp":"2026-11-20T17:24:10.123Z","level":"warn","message":"login failed for user ana from 203.0.113.7 port 52211","src_ip":"203.0.113.7","src_port":52211,"dst_ip":"10.0.0.5","dst_port":22,"user":"ana","host":"web-1.example.com","service":"sshd","pid":4711,"labels":{"env":"prod","team":"core"},"trace_id":"0af7651916cd43dd8448eb211c80319c","request_id":"7d9f3f1e-0c2b-4b7a-9f8e-3c1d2e4f5a6b","duration_ms":12.5,"session":"a1b2c3d4"}"#;
    let own = r#"{"source":"edge","event_type":"intrusion","severity":"HIGH","description":"12 failed root logins over SSH","ip_address":"198.51.100.7","tags":["ssh","bruteforce"],"attributes":{"user":"root","count":12,"window":"5m"}}"#;
    println!("json {} bytes, own {}", json.len(), own.len());
    let lines = [
        (
            "sshd",
            "Failed password for invalid user admin from 203.0.113.50 port 4022 ssh2",
        ),
        (
            "sentence",
            "connection from client 203.0.113.50 to server 10.0.0.5 port 443 closed after 12 seconds, 1433 bytes",
        ),
        (
            "netfilter",
            "[UFW BLOCK] IN=ens2 OUT= MAC=de:1c:88:64:10:19:5e:e1:a4:3b:cf:f0:08:00 SRC=62.34.17.168 DST=10.73.140.49 LEN=44 TOS=0x00 PREC=0x00 TTL=43 ID=25313 PROTO=TCP SPT=52220 DPT=80 WINDOW=1024 RES=0x00 SYN URGP=0",
        ),
        (
            "access",
            "203.0.113.9 - - [10/Oct/2023:08:32:31 +0200] \"GET /index.html HTTP/1.1\" 200 10701 \"https://www.example.org/search\" \"Mozilla/5.0 (Win 9x 4.90; rv:22.0) Gecko/20200928 Firefox/22.0\"",
        ),
        (
            "cef",
            "CEF:0|FireEye|CMS|9.0.1|MC|malware-callback|7|spt=10400 cn1Label=vlan cn1=0 rt=1781438462000 proto=tcp dst=172.65.203.203 externalId=1590500 dvchost=edge-fw-01 src=162.18.29.1 dpt=80 act=notified msg=a message of several words",
        ),
        (
            "plain",
            "Started Session 4711 of User root. systemd reached target Multi-User System and everything went fine today",
        ),
    ];
    let n = 100_000_u32;
    let time = |name: &str, work: &mut dyn FnMut()| {
        let mut best = f64::MAX;
        for _ in 0..5 {
            let start = std::time::Instant::now();
            for _ in 0..n / 5 {
                work();
            }
            best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(n / 5));
        }
        println!("{name:12} {best:8.0} ns");
    };
    time("record read", &mut || {
        std::hint::black_box(read_object(json.as_bytes()).unwrap());
    });
    time("json", &mut || {
        let record = read_object(json.as_bytes()).unwrap();
        std::hint::black_box(json::read(&record, Draft::default(), &cx).unwrap());
    });
    let record = read_object(json.as_bytes()).unwrap();
    time("json only", &mut || {
        std::hint::black_box(json::read(&record, Draft::default(), &cx).unwrap());
    });
    time("json fill", &mut || {
        std::hint::black_box(json::filled(&record.object, Draft::default(), &cx));
    });
    time("facts", &mut || {
        let mut f = json::Facts::new(cx.now);
        f.object(&record.object);
        std::hint::black_box(&f);
    });
    time("own form", &mut || {
        let record = read_object(own.as_bytes()).unwrap();
        std::hint::black_box(json::read(&record, Draft::default(), &cx).unwrap());
    });
    for (name, line) in lines {
        time(name, &mut || {
            std::hint::black_box(text::read(line, Draft::default(), &cx).unwrap());
        });
        time("  look", &mut || {
            let mut d = Draft::default();
            std::hint::black_box(text::look(line, &mut d, &cx));
        });
    }
}
