//! Names for the indices of a plan, and civil times for its seconds.

use jiff::tz::TimeZone;
use rollcast_core::time::SimTime;

use crate::{
    calendar::{Epoch, readable},
    scalar::Zone,
};

/// What a plan does not say because the engine does not need it.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The profile, if the scenario names one.
    pub service: Option<&'static str>,
    /// The scenario's zone.
    pub zone: Zone,
    /// Where second 0 lies.
    pub epoch: Epoch,
    /// Ring names.
    pub rings: Vec<String>,
    /// Release names with their products.
    pub releases: Vec<(String, String)>,
    /// Attribute names with their values.
    pub attributes: Vec<(String, Vec<String>)>,
    /// Sites with their zones, by the values of the attribute `site`.
    pub sites: Vec<(String, Zone)>,
    /// Habit names in the order of the file.
    pub habits: Vec<String>,
    /// Why devices are not registered.
    pub reasons: Vec<String>,
    /// The service's alert names of the causes of failure, then the names of the defects.
    pub causes: Vec<String>,
    /// Defect names.
    pub defects: Vec<String>,
    /// Names of the people who decide.
    pub people: Vec<String>,
    /// Rule names.
    pub rules: Vec<String>,
    /// Names of the scripted decisions.
    pub decisions: Vec<String>,
    /// The currency of its prices, if it names one.
    pub currency: Option<String>,
    /// Freeze names.
    pub freezes: Vec<String>,
}

impl Labels {
    /// `Tue 2026-11-10 19:00` in the scenario's zone.
    pub fn civil(&self, at: SimTime) -> String {
        readable(&self.epoch.civil(at, self.zone.rules()))
    }

    /// The same in the zone of a site.
    pub fn civil_at_site(&self, at: SimTime, site: usize) -> String {
        let zone = self.sites.get(site).map_or(self.zone.rules(), |(_, zone)| zone.rules());
        readable(&self.epoch.civil(at, zone))
    }

    /// `2026-11-10T18:00:00Z`.
    pub fn utc(&self, at: SimTime) -> String {
        self.epoch.civil(at, &TimeZone::UTC).timestamp().to_string()
    }
}
