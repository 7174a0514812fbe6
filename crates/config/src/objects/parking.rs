//! `res_parking.conf`: the lots in which calls are parked, and their extensions in the dialplan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sidetone_conf::{Document, Operator, Section, Span, Value};
use sidetone_parking::{Lot, Order, Party, Retrieval, Timeout, spaces};

use crate::fields::Fields;
use crate::report::Report;
use crate::sections::{general, merged};
use crate::table::Choice;
use crate::tables::parking::{PARKING, PARKING_LOT};

/// Lots that are read: with [`sidetone_parking::MOST_SPACES`] each they have a million extensions.
const MOST_LOTS: usize = 100;

/// The lot that is always there.
const DEFAULT: &str = "default";

impl Choice for Order {
    fn from_name(name: &str) -> Option<Self> {
        Self::from_name(name)
    }
}

impl Choice for Party {
    fn from_name(name: &str) -> Option<Self> {
        Self::from_name(name)
    }
}

/// All lots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParkingLots {
    /// By name; `default` is always there, unless parking is left out.
    pub lots: BTreeMap<String, Arc<Lot>>,
    /// Where each that is written stands.
    spans: BTreeMap<String, Span>,
}

impl ParkingLots {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        Fields::new(&PARKING, &general(document, "res_parking.conf"), report);
        let mut all = Self::default();
        // Which lot has an extension of a context.
        let mut taken: BTreeMap<(String, String), String> = BTreeMap::new();
        for section in document.live() {
            if section.name.eq_ignore_ascii_case("general") {
                continue;
            }
            let mut fields = Fields::new(&PARKING_LOT, section, report);
            if all.lots.len() >= MOST_LOTS && !all.lots.contains_key(&*section.name) {
                let message = format!("lot '{}' is left out: there are too many", section.name);
                fields.error_at(&section.span, message, format!("at most {MOST_LOTS} are read"));
                break;
            }
            let mut lot = lot(&mut fields);
            let clash = lot.extensions().find_map(|(exten, _)| {
                let other = taken.get(&(lot.context.clone(), exten.clone()))?;
                Some((exten, other.clone())).filter(|(_, other)| *other != lot.name)
            });
            if let Some((exten, other)) = clash {
                let message =
                    format!("{exten} of {} is an extension of lot '{other}' too", lot.context);
                fields.error("parkext", message, "choose other spaces, or another context");
                lot.extension.clear();
            }
            for (exten, _) in lot.extensions() {
                taken.insert((lot.context.clone(), exten), lot.name.clone());
            }
            all.spans.insert(lot.name.clone(), section.span.clone());
            all.lots.insert(lot.name.clone(), Arc::new(lot));
        }
        if !all.lots.contains_key(DEFAULT) {
            let nothing = Document::default();
            let section = merged(&nothing, DEFAULT, "res_parking.conf");
            let lot = lot(&mut Fields::new(&PARKING_LOT, &section, report));
            all.lots.insert(DEFAULT.to_owned(), Arc::new(lot));
        }
        all
    }

    /// The extensions of the lots, as sections of `extensions.conf`.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let written = self.spans.iter().filter_map(|(name, span)| {
            let lot = self.lots.get(name).filter(|lot| !lot.extension.is_empty())?;
            let value = |(exten, runs): (String, String)| Value {
                name: "exten".into(),
                text: format!("{exten},1,{runs}").into(),
                operator: Operator::Object,
                span: span.clone(),
                text_column: 0,
                inherited_from: None,
            };
            Some(Section {
                name: lot.context.as_str().into(),
                span: span.clone(),
                template: false,
                parents: Vec::new(),
                values: lot.extensions().map(value).collect(),
                faulty: false,
            })
        });
        written.collect()
    }
}

fn lot(fields: &mut Fields<'_>) -> Lot {
    let party = |name| fields.choice(name).unwrap_or_default();
    let retrieval = Retrieval {
        tone: fields.string("courtesytone"),
        play: party("parkedplay"),
        transfer: party("parkedcalltransfers"),
        park: party("parkedcallreparking"),
        hangup: party("parkedcallhangup"),
    };
    let spaces = spaces(&fields.string("parkpos")).unwrap_or_else(|expected| {
        let text = fields.string("parkpos");
        fields.error(
            "parkpos",
            format!("'parkpos = {text}' cannot be"),
            format!("write {expected}"),
        );
        701..=750
    });
    Lot {
        name: fields.id(),
        context: fields.string("context"),
        extension: fields.string("parkext"),
        exclusive: fields.flag("parkext_exclusive"),
        spaces,
        order: fields.choice("findslot").unwrap_or_default(),
        music: fields.string("parkedmusicclass"),
        timeout: Timeout {
            after: Duration::from_secs(fields.number("parkingtime")),
            to_origin: fields.flag("comebacktoorigin"),
            dial_time_s: fields.number("comebackdialtime"),
            context: fields.string("comebackcontext"),
        },
        retrieval,
    }
}
