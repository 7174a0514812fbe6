//! Entry point for the fuzzer.

use crate::{Dialling, Draft, Number, read_sheet};

/// Reads arbitrary bytes as a price list and as a number: a price that is found belongs to the
/// longest prefix, and no number keeps a mark that means something to Dial.
pub fn fuzz_prices(data: &[u8]) {
    let mut draft = Draft::default();
    read_sheet("prices.csv", data, &mut draft);
    let (prices, findings) = draft.finish();
    assert!(findings.len() <= 21, "findings are bounded");
    let text = String::from_utf8_lossy(data);
    let dialling = Dialling {
        international: vec!["00".to_owned()],
        national: "0".to_owned(),
        country: "49".to_owned(),
    };
    for line in text.lines().take(8) {
        let Ok(number) = Number::new(line, &dialling) else { continue };
        let digits = number.digits();
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
        if let Some(found) = prices.longest(digits) {
            assert!(digits.starts_with(found.prefix));
            let exact = prices.longest(found.prefix);
            assert_eq!(exact.map(|found| found.rate), Some(found.rate), "{digits}");
        }
    }
}
