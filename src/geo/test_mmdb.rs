//! Writes small MMDB files for tests (MMDB specification 2.0).

use std::net::{IpAddr, Ipv6Addr};

/// A value as the format knows them.
pub(super) enum Value {
    Map(Vec<(&'static str, Value)>),
    List(Vec<Value>),
    Text(&'static str),
    Double(f64),
    Float(f32),
    U16(u16),
    U32(u32),
    U64(u64),
    Bool(bool),
}

/// What goes into a file.
pub(super) struct Mmdb {
    pub(super) database_type: &'static str,
    pub(super) build_epoch: u64,
    /// 4 or 6. A file of version 6 holds IPv4 networks under `::/96`.
    pub(super) ip_version: u16,
    /// Address, prefix length, record; no network inside another.
    pub(super) networks: Vec<(&'static str, u8, Value)>,
}

#[derive(Clone, Copy)]
enum Branch {
    Empty,
    Node(usize),
    Record(usize),
}

impl Mmdb {
    /// Lays the file out: search tree with records of 24 bits, data, metadata.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut nodes = vec![[Branch::Empty; 2]];
        let mut data = Vec::new();
        for (address, prefix, record) in &self.networks {
            let (bits, depth) = self.path(address.parse().unwrap(), *prefix);
            insert(&mut nodes, bits, depth, data.len());
            write(&mut data, record);
        }

        let count = nodes.len();
        let mut file = Vec::new();
        for branch in nodes.into_iter().flatten() {
            let number = match branch {
                Branch::Empty => count,
                Branch::Node(number) => number,
                Branch::Record(offset) => count + 16 + offset,
            };
            file.extend(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
        }
        file.extend([0; 16]);
        file.extend(data);
        file.extend(b"\xab\xcd\xefMaxMind.com");
        write(&mut file, &self.metadata(count));
        file
    }

    /// The bits of a network, first bit highest, and how many of them count.
    fn path(&self, address: IpAddr, prefix: u8) -> (u128, u8) {
        match (address, self.ip_version) {
            (IpAddr::V4(v4), 4) => (u128::from(v4.to_bits()) << 96, prefix),
            (IpAddr::V4(v4), _) => (u128::from(v4.to_bits()), prefix + 96),
            (IpAddr::V6(v6), _) => (Ipv6Addr::to_bits(v6), prefix),
        }
    }

    fn metadata(&self, node_count: usize) -> Value {
        Value::Map(vec![
            ("binary_format_major_version", Value::U16(2)),
            ("binary_format_minor_version", Value::U16(0)),
            ("build_epoch", Value::U64(self.build_epoch)),
            ("database_type", Value::Text(self.database_type)),
            ("description", Value::Map(Vec::new())),
            ("ip_version", Value::U16(self.ip_version)),
            ("languages", Value::List(vec![Value::Text("en")])),
            ("node_count", Value::U32(u32::try_from(node_count).unwrap())),
            ("record_size", Value::U16(24)),
        ])
    }
}

fn insert(nodes: &mut Vec<[Branch; 2]>, bits: u128, depth: u8, offset: usize) {
    let mut node = 0;
    for level in 0..depth {
        let side = usize::from(bits >> (127 - level) & 1 == 1);
        if level + 1 == depth {
            nodes[node][side] = Branch::Record(offset);
        } else if let Branch::Node(next) = nodes[node][side] {
            node = next;
        } else {
            nodes.push([Branch::Empty; 2]);
            nodes[node][side] = Branch::Node(nodes.len() - 1);
            node = nodes.len() - 1;
        }
    }
}

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Map(entries) => {
            write_control(out, 7, entries.len());
            for (key, entry) in entries {
                write(out, &Value::Text(key));
                write(out, entry);
            }
        }
        Value::List(items) => {
            write_control(out, 11, items.len());
            for item in items {
                write(out, item);
            }
        }
        Value::Text(text) => {
            write_control(out, 2, text.len());
            out.extend(text.as_bytes());
        }
        Value::Double(number) => write_number(out, 3, &number.to_be_bytes()),
        Value::Float(number) => write_number(out, 15, &number.to_be_bytes()),
        Value::U16(number) => write_number(out, 5, &number.to_be_bytes()),
        Value::U32(number) => write_number(out, 6, &number.to_be_bytes()),
        Value::U64(number) => write_number(out, 9, &number.to_be_bytes()),
        Value::Bool(is_true) => write_control(out, 14, usize::from(*is_true)),
    }
}

fn write_number(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    write_control(out, kind, bytes.len());
    out.extend(bytes);
}

/// Types above 7 are written as type 0 and a second byte.
fn write_control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let (short, rest) = match size {
        0..=28 => (u8::try_from(size).unwrap(), None),
        _ => (29, Some(u8::try_from(size - 29).unwrap())),
    };
    if kind <= 7 {
        out.push(kind << 5 | short);
    } else {
        out.extend([short, kind - 7]);
    }
    out.extend(rest);
}
