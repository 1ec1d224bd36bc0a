//! Every stable code of the crate with its meaning in one line.
//!
//! `RC0xx` is reading and YAML, `RC1xx` keys, structure and single values, `RC2xx` meaning, `RC3xx` CSV.
//! A code is never reused for something else; `scenarios/bad/` has one file for each that a file can show.

/// Code and meaning, in order of the code.
pub const CODES: &[(&str, &str)] = &[
    ("RC001", "the file does not exist"),
    ("RC002", "a directory stands where a file is wanted"),
    ("RC003", "the file may not be read"),
    ("RC004", "neither a file nor a directory (a pipe, a socket, a device)"),
    ("RC005", "the file is larger than the limit"),
    ("RC006", "the file is binary"),
    ("RC007", "the text is not UTF-8"),
    ("RC008", "the file holds no value"),
    ("RC009", "the file cannot be read for another reason"),
    ("RC010", "not valid YAML"),
    ("RC011", "a tab where YAML wants spaces"),
    ("RC012", "a function call, which YAML cannot read"),
    ("RC013", "more than one document in the file"),
    ("RC014", "nested too deep"),
    ("RC015", "too many values, written or repeated through aliases"),
    ("RC016", "a YAML tag"),
    ("RC017", "an alias without its anchor, or inside it"),
    ("RC018", "a merge key `<<` without maps to merge"),
    ("RC019", "a key that is empty or not a text"),
    ("RC101", "unknown key"),
    ("RC102", "the same key twice in one map"),
    ("RC103", "a required key is missing"),
    ("RC104", "a map, list or single value where another of them is wanted"),
    ("RC105", "a key without a value"),
    ("RC106", "a value that YAML split at its comma"),
    ("RC107", "an unknown choice"),
    ("RC108", "not the number or the `true`/`false` that is wanted"),
    ("RC109", "a choice is a map with exactly one key"),
    ("RC110", "too many problems to list"),
    ("RC111", "a `--set` or path that cannot be read"),
    ("RC112", "a `--set` that leads nowhere"),
    ("RC120", "not a length of time"),
    ("RC121", "not a share"),
    ("RC122", "not a size of a ring or cohort"),
    ("RC123", "not a count"),
    ("RC124", "not an amount of data"),
    ("RC125", "not a bandwidth"),
    ("RC126", "not a date or time that exists"),
    ("RC127", "not a time zone"),
    ("RC128", "not a distribution"),
    ("RC129", "not a time of day"),
    ("RC130", "not a weekly window"),
    ("RC131", "not a condition on devices"),
    ("RC132", "not an act"),
    ("RC133", "not a goal in one line"),
    ("RC140", "not one of the words or forms that are known here"),
    ("RC150", "unknown service"),
    ("RC151", "both `release` and `releases`"),
    ("RC199", "a value that is refused for another reason"),
    ("RC201", "shares that do not add up"),
    ("RC202", "more than one `rest`"),
    ("RC203", "rings that wait for each other in a circle"),
    ("RC204", "a ring that the scenario does not have"),
    ("RC205", "an attribute or value that no device can have"),
    ("RC206", "a ring of no devices"),
    ("RC207", "counts larger than the fleet"),
    ("RC208", "no fleet, or one without devices"),
    ("RC209", "a fleet that is both listed and described"),
    ("RC210", "no release, or one without publication"),
    ("RC211", "two releases published at the same second"),
    ("RC212", "a value outside the range in which it makes sense"),
    ("RC213", "more counters than memory allows"),
    ("RC214", "a metric that does not exist"),
    ("RC215", "a goal that is incomplete or contradicts itself"),
    ("RC216", "a site that the scenario does not declare"),
    ("RC217", "a release that the scenario does not have"),
    ("RC218", "something that must be said and is not"),
    ("RC219", "no habit for the rest of the devices"),
    ("RC220", "two things of which only one may be said"),
    ("RC221", "two names that share one address for their draws"),
    ("RC222", "a freeze without a sensible time"),
    ("RC223", "a list of Device IDs for a described fleet"),
    ("RC224", "a defect that contradicts itself"),
    ("RC225", "people that the scenario does not have"),
    ("RC226", "a defect that the scenario does not have"),
    ("RC227", "pushes and updates in one scenario"),
    ("RC228", "a release that is out of band and follows none, or says what its kind does not have"),
    ("RC229", "a defect of a security fix that is switched off"),
    ("RC230", "a rule that contradicts itself"),
    ("RC231", "a decision before the first publication or after the end of play"),
    ("RC232", "a ring whose name stands for several rings in an act"),
    ("RC250", "warning: automatic assignment leaves Test empty"),
    ("RC251", "warning: a value outside the service's range"),
    ("RC252", "warning: a horizon too short for the slowest ring"),
    ("RC253", "warning: a hotpatch month, which is not modelled"),
    ("RC255", "warning: a product that is played by the rules of another"),
    ("RC256", "warning: a device in two member lists"),
    ("RC257", "warning: devices that belong to no ring"),
    ("RC258", "warning: a habit by which no device lives"),
    ("RC260", "warning: a rule that can never fire"),
    ("RC261", "warning: a rule that watches no release"),
    ("RC262", "warning: people who do nothing"),
    ("RC263", "warning: a defect that shows on no device"),
    ("RC264", "warning: devices that go down and are never repaired"),
    ("RC265", "warning: a rule that counts what cannot happen"),
    ("RC266", "warning: a pause or uninstall of pushed content, which stops nothing"),
];

/// The meaning of a code, if it is one of ours.
pub fn meaning(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(super::CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(super::meaning("RC101"), Some("unknown key"));
        assert_eq!(super::meaning("RC000"), None);
    }
}
