//! The call-progress tones of countries, after the supplement to ITU-T E.180 and national
//! specifications. `indications.conf` overrides them.

/// The tones of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The country's code in `indications.conf` and `tonezone=`.
    pub code: &'static str,
    /// The country.
    pub country: &'static str,
    /// Ringing of a bell: milliseconds on, off, and so on.
    pub ring_cadence: &'static [u32],
    dial: &'static str,
    busy: &'static str,
    ring: &'static str,
    congestion: &'static str,
    call_waiting: &'static str,
}

/// The special information tones before an announcement (ITU-T E.180 §6): three rising tones.
const SPECIAL_INFORMATION: &str = "!950/330,!1400/330,!1800/330,0";
/// A beep every 15 seconds says that a call is recorded.
const RECORD: &str = "1400/500,0/15000";

impl Zone {
    /// The names under which [`Self::tone`] knows tones.
    pub const TONES: [&'static str; 7] =
        ["dial", "busy", "ring", "congestion", "callwaiting", "info", "record"];

    /// The tone list with this name; `ringing` is another word for `ring`.
    #[must_use]
    pub fn tone(&self, name: &str) -> Option<&'static str> {
        Some(match name {
            "dial" => self.dial,
            "busy" => self.busy,
            "ring" | "ringing" => self.ring,
            "congestion" => self.congestion,
            "callwaiting" => self.call_waiting,
            "info" => SPECIAL_INFORMATION,
            "record" => RECORD,
            _ => return None,
        })
    }

    /// The zone of a country code, in any case; Great Britain is `uk` as well as `gb`.
    #[must_use]
    pub fn find(code: &str) -> Option<&'static Self> {
        let code = if code.eq_ignore_ascii_case("gb") { "uk" } else { code };
        ZONES.iter().find(|zone| zone.code.eq_ignore_ascii_case(code))
    }
}

macro_rules! zones {
    ($($code:literal $country:literal $cadence:expr,
       $dial:literal $busy:literal $ring:literal $congestion:literal $waiting:literal;)*) => {
        /// All zones; the first is the default.
        pub static ZONES: &[Zone] = &[$(Zone {
            code: $code,
            country: $country,
            ring_cadence: &$cadence,
            dial: $dial,
            busy: $busy,
            ring: $ring,
            congestion: $congestion,
            call_waiting: $waiting,
        }),*];
    };
}

zones! {
    "us" "United States and Canada" [2000, 4000],
        "350+440" "480+620/500,0/500" "440+480/2000,0/4000" "480+620/250,0/250"
        "440/300,0/10000";
    "at" "Austria" [1000, 5000],
        "420" "420/400,0/400" "420/1000,0/5000" "420/200,0/200" "420/40,0/1960";
    "au" "Australia" [400, 200, 400, 2000],
        "425*25" "425/375,0/375" "425*25/400,0/200,425*25/400,0/2000" "425/375,0/375,420/375,0/375"
        "425/200,0/200,425/200,0/4400";
    "be" "Belgium" [1000, 3000],
        "425" "425/500,0/500" "425/1000,0/3000" "425/167,0/167" "1400/175,0/175,1400/175,0/3500";
    "br" "Brazil" [1000, 4000],
        "425" "425/250,0/250" "425/1000,0/4000" "425/250,0/250,425/750,0/250" "425/50,0/1000";
    "ch" "Switzerland" [1000, 4000],
        "425" "425/500,0/500" "425/1000,0/4000" "425/200,0/200" "425/200,0/200,425/200,0/4000";
    "cn" "China" [1000, 4000],
        "450" "450/350,0/350" "450/1000,0/4000" "450/700,0/700" "450/400,0/4000";
    "cz" "Czechia" [1000, 4000],
        "425/330,0/330,425/660,0/660" "425/330,0/330" "425/1000,0/4000" "425/165,0/165"
        "425/330,0/9000";
    "de" "Germany" [1000, 4000],
        "425" "425/480,0/480" "425/1000,0/4000" "425/240,0/240" "425/200,0/200,425/200,0/5000";
    "dk" "Denmark" [1000, 4000],
        "425" "425/500,0/500" "425/1000,0/4000" "425/200,0/200" "425/200,0/600,425/200,0/3000";
    "es" "Spain" [1500, 3000],
        "425" "425/200,0/200" "425/1500,0/3000" "425/200,0/200,425/200,0/200,425/200,0/600"
        "425/175,0/175,425/175,0/3500";
    "fi" "Finland" [1000, 4000],
        "425" "425/300,0/300" "425/1000,0/4000" "425/200,0/200" "425/150,0/150,425/150,0/8000";
    "fr" "France" [1500, 3500],
        "440" "440/500,0/500" "440/1500,0/3500" "440/250,0/250" "440/300,0/10000";
    "in" "India" [400, 200, 400, 2000],
        "400*25" "400/750,0/750" "400*25/400,0/200,400*25/400,0/2000" "400/250,0/250"
        "400/200,0/100,400/200,0/7500";
    "it" "Italy" [1000, 4000],
        "425/200,0/200,425/600,0/1000" "425/500,0/500" "425/1000,0/4000" "425/200,0/200"
        "425/400,0/100,425/250,0/100,425/150,0/14000";
    "jp" "Japan" [1000, 2000],
        "400" "400/500,0/500" "400+15/1000,0/2000" "400/500,0/500" "400+16/500,0/8000";
    "nl" "Netherlands" [1000, 4000],
        "425" "425/500,0/500" "425/1000,0/4000" "425/250,0/250" "425/500,0/9500";
    "no" "Norway" [1000, 4000],
        "425" "425/500,0/500" "425/1000,0/4000" "425/200,0/200" "425/200,0/600,425/200,0/10000";
    "pl" "Poland" [1000, 4000],
        "425" "425/500,0/500" "425/1000,0/4000" "425/500,0/500" "425/150,0/150,425/150,0/4000";
    "ru" "Russia" [1000, 4000],
        "425" "425/350,0/350" "425/1000,0/4000" "425/175,0/175" "425/200,0/5000";
    "se" "Sweden" [1000, 5000],
        "425" "425/250,0/250" "425/1000,0/5000" "425/250,0/750" "425/200,0/500,425/200,0/9100";
    "uk" "United Kingdom" [400, 200, 400, 2000],
        "350+440" "400/375,0/375" "400+450/400,0/200,400+450/400,0/2000"
        "400/400,0/350,400/225,0/525" "400/100,0/4000";
}

#[cfg(test)]
mod tests {
    use super::super::ToneList;
    use super::*;

    #[test]
    fn every_tone_of_every_zone_parses_and_zones_are_unique() {
        for (place, zone) in ZONES.iter().enumerate() {
            assert!(ZONES[..place].iter().all(|other| other.code != zone.code));
            assert!(zone.ring_cadence.len().is_multiple_of(2));
            for name in Zone::TONES {
                let list = zone.tone(name).unwrap();
                assert_eq!(list.parse::<ToneList>().unwrap().to_string(), list);
            }
        }
    }

    #[test]
    fn zones_are_found_by_code() {
        assert_eq!(Zone::find("DE").unwrap().country, "Germany");
        assert_eq!(Zone::find("gb"), Zone::find("uk"));
        assert_eq!(Zone::find("xx"), None);
        assert_eq!(ZONES[0].code, "us");
    }
}
