//! Prices and exploit clocks as typed to those of the engine, and what is said where they are missing.

use rollcast_core::{
    costs::{Costs, Part},
    metrics::{Lack, Metric},
    plan::{Defect, Exploit, Release},
    quantile::Quantile,
};

use super::{
    cx::{Cx, at},
    dist::{points_of, quantile},
};
use crate::{
    scalar::{Clock, Price},
    schema::{self, Scenario},
};

/// Longest name of a currency that a table has room for.
const LONGEST_CURRENCY: usize = 12;

/// An exploit before its table is made: ticks that do not fit into memory are refused first.
pub(super) struct Terms {
    chance: f64,
    after: Quantile,
    per_s: f64,
}

impl Terms {
    /// The table over the watch of a release.
    pub(super) fn table(&self, release: &Release, tick_s: i64) -> Exploit {
        let watched_s = release.watched_until - release.published;
        Exploit::new(self.chance, &self.after, self.per_s, watched_s, tick_s)
    }
}

/// The exploit of each release, in the order of `names`.
pub(super) fn exploits<'a>(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    names: impl Iterator<Item = &'a String>,
) -> Vec<Option<Terms>> {
    let typed = |name: &str| {
        scenario.releases.as_ref().and_then(|all| all.get(name)).and_then(|r| r.exploit.as_ref())
    };
    names.map(|name| terms(cx, &at(&["releases", name, "exploit"]), typed(name)?)).collect()
}

fn terms(cx: &mut Cx<'_>, path: &str, exploit: &schema::Exploit) -> Option<Terms> {
    let help = "write `exploit: { chance: 10%, after: kev-microsoft/2026, hits: 1 in 1000 a day }` with figures of your own";
    for (key, stands, why) in [
        ("chance", exploit.chance.is_some(), "how likely the vulnerability is ever exploited"),
        ("after", exploit.after.is_some(), "how long after publication attacks begin"),
        ("hits", exploit.hits.is_some(), "how often an exposed device is hit then"),
    ] {
        if !stands {
            cx.missing("RC218", path, &[key], format!("`exploit` does not say `{key}`: {why}"), help);
        }
    }
    let (chance, hits) = (exploit.chance?, exploit.hits?);
    let after = match exploit.after.as_ref()? {
        Clock::Shipped(shipped) => Quantile::points(points_of(&shipped.seconds())),
        Clock::Own(dist) => quantile(cx, &format!("{path}.after"), dist)?,
    };
    Some(Terms { chance: chance.get(), after, per_s: hits.mean_s().map_or(0.0, f64::recip) })
}

/// Prices; `None` where nothing has one.
pub(super) fn costs(cx: &mut Cx<'_>, scenario: &Scenario, defects: &[Defect]) -> Option<Costs> {
    let typed = scenario.costs.as_ref()?;
    let keys = Part::ALL.map(Part::key);
    cx.missing(
        "RC218",
        "costs",
        &keys,
        "`costs` prices nothing",
        format!("write one of {}, or remove `costs`", keys.map(|key| format!("`{key}`")).join(", ")),
    );
    if let Some(currency) = &typed.currency
        && (currency.trim().is_empty() || currency.chars().count() > LONGEST_CURRENCY)
    {
        let message = format!("the name of a currency has 1 to {LONGEST_CURRENCY} letters");
        cx.error("RC212", "costs.currency", message, "write it as in `EUR`");
    }
    let price = |part| match part {
        Part::Exposure => typed.exposed_device_day,
        Part::Hits => typed.hit_device,
        Part::Harm => typed.harmed_device_hour,
        Part::Restarts => typed.restart_in_active_hours,
        Part::Tickets => typed.ticket,
        Part::Decisions => typed.decision,
        Part::Administrators => typed.administrator_hour,
    };
    let exploited = scenario.releases.iter().flat_map(|all| all.iter()).any(|(_, r)| r.exploit.is_some());
    if typed.hit_device.is_some() && !exploited {
        let message = "no release has an `exploit`, so `hit-device` is never paid";
        cx.warning(
            "RC270",
            "costs.hit-device",
            message,
            "write the `exploit` of a release, or remove the price",
        );
    }
    let any = Part::ALL.into_iter().any(|part| price(part).is_some());
    any.then(|| Costs::new(defects, |part| price(part).map(Price::get)))
}

/// What is wrong with asking for a metric that a scenario has no figures for, and the way out.
pub fn lacking(metric: Metric, lack: Lack) -> (String, String) {
    let name = metric.name();
    match lack {
        Lack::Costs => (
            format!("`{name}` has no value: the scenario has no `costs`"),
            "write prices of your own, as in `costs: { currency: EUR, exposed-device-day: 0.40, ticket: 25 }`".into(),
        ),
        Lack::Price(part) => (
            format!("`{name}` has no value: `costs` has no `{}`", part.key()),
            format!("write `{}` with a price of your own in `costs`, or ask for another part", part.key()),
        ),
        Lack::Exploit => (
            format!("`{name}` has no value: no release that it is about has an `exploit`"),
            "write it beside `published`, as in `exploit: { chance: 10%, after: kev-microsoft/2026, hits: 1 in 1000 a day }`".into(),
        ),
    }
}
