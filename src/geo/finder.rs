//! The database as the rest of the program sees it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::GeoError;
use super::countries::{Countries, Country};
use super::loaded::Loaded;
use super::place::{Geo, Place};
use super::record::Record;
use super::reserved;
use super::sources::GeoSources;
use super::status::GeoStatus;
use super::table::{self, CountryTable};

/// Longest name passed on, in characters; real ones stay below 100.
const NAME_CHARS_MAX: usize = 128;

/// Finds the place of an address. Clones share the same data and follow the same reloads.
///
/// Look-ups take no lock and never touch the disk; a reload swaps the data under them.
#[derive(Clone, Debug)]
pub struct GeoDb(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sources: GeoSources,
    countries: Countries,
    table: CountryTable,
    /// The places of the table's countries, by their number there.
    places: Vec<Arc<Place>>,
    /// The places of labels.
    labels: Vec<(&'static str, Arc<Place>)>,
    loaded: ArcSwap<Loaded>,
    /// Held during a reload, so that two at once do not read the same large file twice.
    reloading: Mutex<()>,
}

impl GeoDb {
    /// Unpacks the built-in table and reads the operator's databases, which takes about 0.4 s
    /// for 130 MB. Blocks on the disk.
    ///
    /// A file that was merely found in the data directory and cannot be used does not stop the
    /// program from starting: it is listed in [`GeoStatus::problems`].
    ///
    /// # Errors
    /// Any [`GeoError`] about a path named in the settings; [`GeoError::Table`] if the program
    /// file is damaged.
    pub fn open(sources: &GeoSources) -> Result<Self, GeoError> {
        let countries = Countries::embedded()?;
        let table = CountryTable::decode(table::EMBEDDED, &countries)?;
        let (loaded, errors) = Loaded::default().refreshed(sources);
        if let Some(met) = errors.into_iter().find(|met| met.is_configured) {
            return Err(met.error);
        }
        let in_country = |country| {
            let mut geo = Geo::default();
            fill_from_country(&mut geo, Some(country));
            Arc::new(Place::from(geo))
        };
        let labelled = |label| (label, Arc::new(Place::from(Geo::labelled(label))));
        Ok(Self(Arc::new(Shared {
            sources: sources.clone(),
            countries,
            places: table.countries().iter().map(in_country).collect(),
            labels: reserved::labels().into_iter().map(labelled).collect(),
            table,
            loaded: ArcSwap::from_pointee(loaded),
            reloading: Mutex::new(()),
        })))
    }

    /// Tells where an address is; `None` if nothing at all is known of it.
    ///
    /// IPv4-mapped IPv6 addresses are looked up as the IPv4 addresses they stand for. Special
    /// addresses are labelled and not looked up. Otherwise the first city database that knows the
    /// address gives the place, else the built-in table its country; the first ASN database that
    /// knows it gives the network, else the same city record if it names one.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<Geo> {
        let address = address.to_canonical();
        if let Some(label) = reserved::label(address) {
            return Some(Geo::labelled(label));
        }
        let loaded = self.0.loaded.load();
        let mut geo = Geo::default();
        let records = loaded
            .city
            .iter()
            .filter_map(|database| database.record(address));
        let place = records
            .into_iter()
            .find(|record| record.country_code().is_some() || record.position().is_some());
        match &place {
            Some(record) => self.fill_from_record(&mut geo, record),
            None => fill_from_country(&mut geo, self.0.table.country(address)),
        }
        let networks = loaded
            .asn
            .iter()
            .filter_map(|database| database.record(address));
        let network = networks.into_iter().find(|record| record.asn().is_some());
        if let Some(record) = network.or(place) {
            geo.asn = record.asn();
            geo.as_org = record.as_org().and_then(clean);
        }
        (geo != Geo::default()).then_some(geo)
    }

    /// The same, ready to be stored: without databases of an operator it is written out already.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Option<Arc<Place>> {
        let address = address.to_canonical();
        if let Some(label) = reserved::label(address) {
            let labels = &self.0.labels;
            let known = labels.iter().find(|(known, _)| *known == label);
            return known.map(|(_, place)| Arc::clone(place));
        }
        if self.0.loaded.load().is_empty() {
            let number = self.0.table.country_number(address)?;
            return self.0.places.get(number).map(Arc::clone);
        }
        self.lookup(address).map(Place::from).map(Arc::new)
    }

    /// Whether looking up reads databases of an operator, so that answers are worth remembering.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        !self.0.loaded.load().is_empty()
    }

    /// Tells whether an address has no place: it is private, loopback or otherwise reserved.
    #[must_use]
    pub fn is_nowhere(address: IpAddr) -> bool {
        reserved::label(address.to_canonical()).is_some()
    }

    /// A country by its code in capitals: its name and a point in its middle; `None` if the code
    /// is none of ISO 3166-1, nor `XK`.
    #[must_use]
    pub fn country(&self, code: &str) -> Option<Geo> {
        let mut geo = Geo::default();
        fill_from_country(&mut geo, Some(self.0.countries.get(code)?));
        Some(geo)
    }

    fn fill_from_record(&self, geo: &mut Geo, record: &Record<'_>) {
        let code = record.country_code().map(str::to_ascii_uppercase);
        let known = code.as_deref().and_then(|code| self.0.countries.get(code));
        fill_from_country(geo, known);
        if known.is_none() {
            geo.country = record.country_name().and_then(clean);
            geo.country_code = code;
        }
        geo.city = record.city().and_then(clean);
        if let Some((latitude, longitude)) = record.position() {
            (geo.latitude, geo.longitude) = (Some(latitude), Some(longitude));
        }
    }

    /// Takes up database files that appeared, changed or went away since the last call.
    ///
    /// A file counts as changed when its date or size differ. Replace files by renaming: a file
    /// that is still being written is refused and tried again once it has changed. Reading blocks
    /// on the disk, so call this where blocking is allowed; while a file is replaced, its old and
    /// new content are in memory both.
    ///
    /// Answers whether other data is in use now.
    ///
    /// # Errors
    /// The first [`GeoError`] met. What could be read is in use nevertheless, and in place of a
    /// broken file the version that was in use before. One broken version of a file is reported
    /// once; [`GeoDb::status`] lists it as long as it lies there.
    pub fn reload_if_changed(&self) -> Result<bool, GeoError> {
        // A panic in an earlier reload left nothing half done: the swap is its last step.
        let _guard = self
            .0
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let current = self.0.loaded.load_full();
        let (next, errors) = current.refreshed(&self.0.sources);
        let is_changed = !next.uses_the_same_files(&current);
        self.0.loaded.store(Arc::new(next));
        match errors.into_iter().next() {
            Some(met) => Err(met.error),
            None => Ok(is_changed),
        }
    }

    /// Says which databases are in use, how old they are, whom to name, and what is wrong.
    #[must_use]
    pub fn status(&self) -> GeoStatus {
        let loaded = self.0.loaded.load();
        GeoStatus::new(&self.0.table, loaded.databases(), loaded.problems())
    }
}

fn fill_from_country(geo: &mut Geo, country: Option<&Country>) {
    let Some(country) = country else { return };
    geo.country = Some(country.name.to_owned());
    geo.country_code = Some(country.code.to_owned());
    (geo.latitude, geo.longitude) = (Some(country.latitude), Some(country.longitude));
}

/// Makes a name from a file safe to store and show: no control characters, bounded in length.
fn clean(name: &str) -> Option<String> {
    let kept: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS_MAX)
        .collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests;
