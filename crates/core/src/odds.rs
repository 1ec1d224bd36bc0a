//! Which devices are prone to which defect, under one plan and luck.

use crate::{
    draws::{Coin, Luck, Purpose, low64},
    family::beta,
    plan::{DefectId, Plan, Prevalence},
};

/// The share of prone devices for every defect and, where it matters, every value of an attribute. Shares of
/// clustered defects are drawn once a replication.
#[derive(Clone, Debug)]
pub struct Odds {
    defects: Vec<Share>,
}

#[derive(Clone, Debug)]
enum Share {
    Same(Coin),
    /// By the value of the attribute with this index.
    ByValue(usize, Vec<Coin>),
}

impl Odds {
    /// The odds of a plan with this luck.
    pub fn new(plan: &Plan, luck: &Luck) -> Self {
        let of = |defect: &crate::plan::Defect| match &defect.prevalence {
            Prevalence::Share(coin) => Share::Same(*coin),
            Prevalence::ByValue(by, coins) => Share::ByValue(by.0 as usize, coins.clone()),
            Prevalence::Clustered { by, mean, correlation } => {
                let both = (1.0 - correlation) / correlation;
                let (a, b) = (mean * both, (1.0 - mean) * both);
                let share = |value: u16| {
                    let word = low64(luck.block(u64::from(value), Purpose::Cluster, defect.key));
                    Coin::new(beta(a, b, (word as f64 + 0.5) / 18_446_744_073_709_551_616.0))
                };
                let values = plan.attributes[by.0 as usize].values;
                Share::ByValue(by.0 as usize, (0..values).map(share).collect())
            }
        };
        Self { defects: plan.defects.iter().map(of).collect() }
    }

    /// The share of prone devices, where it is the same for all devices.
    pub(crate) fn of_everybody(&self, plan: &Plan, defect: DefectId) -> Option<Coin> {
        match &self.defects[defect.0 as usize] {
            Share::Same(coin) if plan.defects[defect.0 as usize].members.any_of.is_empty() => Some(*coin),
            _ => None,
        }
    }

    /// Whether a device with this key and these attribute values is prone to `defect`.
    #[inline]
    pub fn prone(&self, plan: &Plan, luck: &Luck, defect: DefectId, key: u64, values: &[u16]) -> bool {
        let d = &plan.defects[defect.0 as usize];
        if !d.members.matches(values) {
            return false;
        }
        let coin = match &self.defects[defect.0 as usize] {
            Share::Same(coin) => *coin,
            Share::ByValue(attribute, coins) => coins[values[*attribute] as usize],
        };
        luck.toss(coin, key, Purpose::Defect, d.key, false)
    }
}
