//! The built-in table: address range → country.
//!
//! `scripts/make-country-table` writes it; `docs/geo.md` describes the format. In memory it is two
//! sorted lists of the addresses at which the country changes, about 4 MB, searched by halving within
//! a block of addresses.

use std::io::Read;
use std::net::IpAddr;

use flate2::read::ZlibDecoder;

use super::GeoError;
use super::countries::{Countries, Country};

pub(super) const EMBEDDED: &[u8] = include_bytes!("../../assets/geo/country-ranges.bin");

const FORMAT: &str = "watchpost country ranges 1";
/// The header lists 250 codes of two letters; four times that is no header of ours.
const HEADER_BYTES_MAX: usize = 4096;
/// Nine times today's body, so that a damaged length cannot ask for the whole memory.
const BODY_BYTES_MAX: usize = 16 << 20;

/// Values the upper 16 bits of an address can have.
const BLOCKS: usize = 1 << 16;

/// Finds the country of an address.
#[derive(Debug)]
pub(super) struct CountryTable {
    v4: Ranges<u32>,
    /// The upper 64 bits: the lower ones number the machines of one site (RFC 4291 §2.5.1).
    v6: Ranges<u64>,
    countries: Vec<Country>,
    /// Name and version of the package the table was made from.
    pub(super) package: String,
    /// Day the data was compiled, as `YYYY-MM-DD`.
    pub(super) built: String,
}

/// Addresses at which the country changes, and what begins there: 0 for nothing known, else one
/// more than an index into the countries.
#[derive(Debug)]
struct Ranges<A> {
    starts: Vec<A>,
    countries: Vec<u8>,
    /// Where each of the 65,536 blocks by the upper 16 bits begins in `starts`: halving within one
    /// touches a fraction of the memory that halving the whole does.
    blocks: Vec<u32>,
}

/// An address as a number.
trait Address: Ord + Copy + TryFrom<u64> {
    /// Its upper 16 bits.
    fn block(self) -> usize;
}

impl Address for u32 {
    fn block(self) -> usize {
        (self >> 16) as usize
    }
}

impl Address for u64 {
    fn block(self) -> usize {
        usize::try_from(self >> 48).unwrap_or(usize::MAX)
    }
}

impl<A: Address> Ranges<A> {
    fn new(starts: Vec<A>, countries: Vec<u8>) -> Option<Self> {
        let mut blocks = Vec::with_capacity(BLOCKS + 1);
        for block in 0..=BLOCKS {
            let at = blocks.last().map_or(0, |at: &u32| *at as usize);
            let fewer = starts
                .get(at..)?
                .iter()
                .take_while(|start| start.block() < block);
            blocks.push(u32::try_from(at.checked_add(fewer.count())?).ok()?);
        }
        Some(Self {
            starts,
            countries,
            blocks,
        })
    }

    fn country_number(&self, address: &A) -> Option<u8> {
        let block = address.block();
        let from = *self.blocks.get(block)? as usize;
        let to = *self.blocks.get(block.checked_add(1)?)? as usize;
        let starts = self.starts.get(from..to)?;
        let at = starts.partition_point(|start| start <= address);
        // What began in an earlier block may reach into this one.
        self.countries
            .get(from.checked_add(at)?.checked_sub(1)?)
            .copied()
    }
}

impl CountryTable {
    /// Unpacks a table, in about 10 ms for the built-in one.
    ///
    /// # Errors
    /// [`GeoError::Table`] if a byte is missing or wrong: the packed part carries a checksum, and
    /// every length, number and code is checked.
    pub(super) fn decode(file: &[u8], known: &Countries) -> Result<Self, GeoError> {
        let (header, packed) = split_header(file).ok_or(GeoError::Table("no header"))?;
        if header.lines().next() != Some(FORMAT) {
            return Err(GeoError::Table("unknown format"));
        }
        let field = |name| field(header, name).ok_or(GeoError::Table("incomplete header"));
        let number = |name| {
            field(name)?
                .parse()
                .map_err(|_| GeoError::Table("a length is no number"))
        };
        let countries: Option<Vec<_>> = field("codes")?
            .split(' ')
            .map(|code| known.get(code).copied())
            .collect();
        let countries = countries.ok_or(GeoError::Table("a country code is unknown"))?;

        let body = unpack(packed, number("body")?)
            .ok_or(GeoError::Table("the packed part is incomplete or altered"))?;
        let mut rest = body.as_slice();
        let v4 = ranges(&mut rest, number("ipv4")?, countries.len());
        let v6 = ranges(&mut rest, number("ipv6")?, countries.len());
        let (Some(v4), Some(v6), true) = (v4, v6, rest.is_empty()) else {
            return Err(GeoError::Table("the ranges do not fit together"));
        };
        let (package, built) = (field("package")?.to_owned(), field("built")?.to_owned());
        Ok(Self {
            v4,
            v6,
            countries,
            package,
            built,
        })
    }

    /// The countries it knows.
    pub(super) fn countries(&self) -> &[Country] {
        &self.countries
    }

    /// Finds the country of a public address in canonical form.
    pub(super) fn country(&self, address: IpAddr) -> Option<&Country> {
        self.countries.get(self.country_number(address)?)
    }

    /// The same as an index into the countries.
    pub(super) fn country_number(&self, address: IpAddr) -> Option<usize> {
        let number = match address {
            IpAddr::V4(address) => self.v4.country_number(&address.to_bits()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                let upper = [a, b, c, d]
                    .into_iter()
                    .fold(0, |bits, s| bits << 16 | u64::from(s));
                self.v6.country_number(&upper)
            }
        }?;
        usize::from(number).checked_sub(1)
    }
}

/// The header is text and ends with an empty line.
fn split_header(file: &[u8]) -> Option<(&str, &[u8])> {
    let start = file.get(..file.len().min(HEADER_BYTES_MAX))?;
    let end = start.windows(2).position(|pair| pair == b"\n\n")?;
    let (header, packed) = file.split_at_checked(end + 2)?;
    Some((str::from_utf8(header).ok()?, packed))
}

fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn unpack(packed: &[u8], len: usize) -> Option<Vec<u8>> {
    if len > BODY_BYTES_MAX {
        return None;
    }
    let mut body = Vec::with_capacity(len);
    // One byte more than expected, so that the decoder reaches the checksum, and a longer body
    // shows.
    let limit = u64::try_from(len).ok()?.checked_add(1)?;
    ZlibDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut body)
        .ok()?;
    (body.len() == len).then_some(body)
}

/// Reads `count` ranges: the shifts of all distances, the country numbers, the odd parts.
fn ranges<A: Address>(rest: &mut &[u8], count: usize, countries: usize) -> Option<Ranges<A>> {
    let shifts = take(rest, count.checked_sub(1)?)?;
    let numbers = take(rest, count)?;
    if numbers
        .iter()
        .any(|number| usize::from(*number) > countries)
    {
        return None;
    }
    let mut starts = Vec::with_capacity(count);
    let mut start: u64 = 0;
    starts.push(A::try_from(start).ok()?);
    for shift in shifts {
        let odd = varint(rest)?.checked_mul(2)?.checked_add(1)?;
        let shift = u32::from(*shift);
        let distance = odd
            .checked_shl(shift)
            .filter(|distance| distance >> shift == odd)?;
        start = start.checked_add(distance)?;
        starts.push(A::try_from(start).ok()?);
    }
    Ranges::new(starts, numbers.to_vec())
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

/// Reads a number in LEB128: seven bits to a byte, least significant first.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        let placed = bits << shift;
        if placed >> shift != bits {
            return None;
        }
        value |= placed;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
