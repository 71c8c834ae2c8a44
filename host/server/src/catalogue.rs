//! Searching the spells: what is asked for, which of them fit, and where the next page begins.
//!
//! Promises that a page has at most [`PAGE_ITEMS_MAX`] items, that a page follows the one before by
//! what its last item was and not by how many there were, and that a cursor is bounded. Knows how
//! often spells were cast as numbers it is given.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use spellhost_store::Spell;
use spellhost_wire::{Channel, Code};
use utoipa::IntoParams;

use crate::failure::Failure;
use crate::limits::{PAGE_ITEMS, PAGE_ITEMS_MAX, QUERY_BYTES_MAX};

/// The parameters as they came; every one of them is text until it is read here.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Text that id, display name or description contain, in any case.
    pub q: Option<String>,
    /// A tag that the spell has.
    pub tag: Option<String>,
    /// `draft`, `beta` or `stable`: only spells that have something there.
    pub channel: Option<String>,
    /// `new` (default), the newest first, or `popular`: the most cast since the host started first.
    pub sort: Option<String>,
    /// Items of a page, 1 to 100; 50 unless said.
    pub limit: Option<String>,
    /// `next` of the page before, with the other parameters as they were there.
    pub cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    New,
    Popular,
}

/// What is searched.
#[derive(Debug)]
pub struct Query {
    text: Option<String>,
    tag: Option<String>,
    channel: Option<Channel>,
    sort: Sort,
    limit: usize,
    after: Option<Place>,
}

/// Where an item stands: by a number first, and by its id among equals.
type Place = (u64, String);

fn bad(parameter: &str, why: &str) -> Failure {
    Failure::new(Code::BadParam, format!("{parameter}: {why}"))
}

fn bounded(parameter: &str, text: Option<String>) -> Result<Option<String>, Failure> {
    if text.as_ref().is_some_and(|text| text.len() > QUERY_BYTES_MAX) {
        return Err(bad(parameter, &format!("at most {QUERY_BYTES_MAX} bytes")));
    }
    Ok(text.filter(|text| !text.is_empty()))
}

impl Query {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `bad_param`, which names the parameter.
    pub fn read(parameters: Parameters) -> Result<Self, Failure> {
        let Parameters { q, tag, channel, sort, limit, cursor } = parameters;
        let channel = match bounded("channel", channel)?.as_deref() {
            None => None,
            Some("draft") => Some(Channel::Draft),
            Some("beta") => Some(Channel::Beta),
            Some("stable") => Some(Channel::Stable),
            Some(_) => return Err(bad("channel", "it is draft, beta or stable")),
        };
        let sort = match bounded("sort", sort)?.as_deref() {
            None | Some("new") => Sort::New,
            Some("popular") => Sort::Popular,
            Some(_) => return Err(bad("sort", "it is new or popular")),
        };
        let limit = match bounded("limit", limit)? {
            None => PAGE_ITEMS,
            Some(text) => {
                let number = text.parse().ok().filter(|limit| (1..=PAGE_ITEMS_MAX).contains(limit));
                number.ok_or_else(|| bad("limit", &format!("a number from 1 to {PAGE_ITEMS_MAX}")))?
            }
        };
        let after = bounded("cursor", cursor)?.map(|cursor| place_of(&cursor, sort)).transpose()?;
        let text = bounded("q", q)?.map(|text| text.to_lowercase());
        Ok(Self { text, tag: bounded("tag", tag)?, channel, sort, limit, after })
    }

    fn fits(&self, spell: &Spell) -> bool {
        let contains = |text: &String| {
            let texts = [spell.spell_id.as_str(), &spell.display_name, &spell.description];
            texts.iter().any(|own| own.to_lowercase().contains(text))
        };
        let has = |channel: Channel| match channel {
            Channel::Draft => spell.active.draft.is_some(),
            Channel::Beta => spell.active.beta.is_some(),
            Channel::Stable => spell.active.stable.is_some(),
        };
        self.text.as_ref().is_none_or(contains)
            && self.tag.as_ref().is_none_or(|tag| spell.tags.contains(tag))
            && self.channel.is_none_or(has)
    }

    /// One page, and the cursor of the next if there is one. `casts` says how often a spell was cast.
    pub fn page(&self, spells: Vec<Spell>, casts: impl Fn(&Spell) -> u64) -> (Vec<Spell>, Option<String>) {
        let place = |spell: Spell| {
            let number = match self.sort {
                Sort::New => spell.created_at_ms,
                Sort::Popular => casts(&spell),
            };
            ((number, spell.spell_id.to_string()), spell)
        };
        let mut found: Vec<(Place, Spell)> =
            spells.into_iter().filter(|spell| self.fits(spell)).map(place).collect();
        if let Some(after) = &self.after {
            found.retain(|(place, _)| place < after);
        }
        found.sort_by(|(a, _), (b, _)| b.cmp(a));
        let is_last = found.len() <= self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| !is_last).map(|(place, _)| cursor_of(place, self.sort));
        (found.into_iter().map(|(_, spell)| spell).collect(), next)
    }
}

fn sort_name(sort: Sort) -> &'static str {
    match sort {
        Sort::New => "new",
        Sort::Popular => "popular",
    }
}

fn cursor_of((number, id): &Place, sort: Sort) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {number} {id}", sort_name(sort)))
}

fn place_of(cursor: &str, sort: Sort) -> Result<Place, Failure> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = text.split(' ');
        let (name, number, id) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
        (name == sort_name(sort) && parts.next().is_none()).then(|| (number, id.to_owned()))
    };
    read().ok_or_else(|| bad("cursor", "it is not `next` of a page of this sort"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spell(id: &str, created_at_ms: u64, tags: &[&str]) -> Spell {
        Spell {
            spell_id: spellhost_store::SpellId::parse(id).expect("an id"),
            display_name: format!("The {id}"),
            owner: "ada".into(),
            description: String::new(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            created_at_ms,
            updated_at_ms: created_at_ms,
            latest_version: 0,
            active: spellhost_store::Active::default(),
        }
    }

    fn query(set: impl FnOnce(&mut Parameters)) -> Result<Query, Failure> {
        let mut parameters = Parameters::default();
        set(&mut parameters);
        Query::read(parameters)
    }

    fn ids(spells: &[Spell]) -> Vec<&str> {
        spells.iter().map(|spell| spell.spell_id.as_str()).collect()
    }

    #[test]
    fn a_bad_value_names_its_parameter() {
        let long = "x".repeat(QUERY_BYTES_MAX + 1);
        let sets: [(&str, Box<dyn Fn(&mut Parameters)>); 8] = [
            ("limit", Box::new(|p| p.limit = Some("0".into()))),
            ("limit", Box::new(|p| p.limit = Some("101".into()))),
            ("limit", Box::new(|p| p.limit = Some("ten".into()))),
            ("sort", Box::new(|p| p.sort = Some("old".into()))),
            ("channel", Box::new(|p| p.channel = Some("gold".into()))),
            ("cursor", Box::new(|p| p.cursor = Some("????".into()))),
            ("q", Box::new(move |p| p.q = Some(long.clone()))),
            ("cursor", Box::new(|p| p.cursor = Some(cursor_of(&(1, "a".into()), Sort::Popular)))),
        ];
        for (name, set) in sets {
            let failure = query(set).expect_err(name);
            assert_eq!(failure.code, Code::BadParam);
            assert!(failure.message.starts_with(&format!("{name}: ")), "{}", failure.message);
        }
    }

    #[test]
    fn pages_follow_each_other_while_spells_are_made() {
        let mut spells = vec![spell("a", 1, &[]), spell("b", 2, &[]), spell("c", 2, &[]), spell("d", 4, &[])];
        let first = query(|p| p.limit = Some("2".into())).expect("a query");
        let (page, next) = first.page(spells.clone(), |_| 0);
        assert_eq!(ids(&page), ["d", "c"]);
        spells.push(spell("e", 5, &[]));
        let second = query(|p| (p.limit, p.cursor) = (Some("2".into()), next)).expect("a query");
        let (page, next) = second.page(spells.clone(), |_| 0);
        assert_eq!((ids(&page), next), (vec!["b", "a"], None));
    }

    #[test]
    fn the_most_cast_comes_first_and_filters_hold() {
        let spells =
            vec![spell("ember", 1, &["fire"]), spell("frost", 2, &["ice"]), spell("flame", 3, &["fire"])];
        let casts = |spell: &Spell| if spell.spell_id.as_str() == "ember" { 9 } else { 1 };
        let popular = query(|p| p.sort = Some("popular".into())).expect("a query");
        assert_eq!(ids(&popular.page(spells.clone(), casts).0), ["ember", "frost", "flame"]);
        let fire = query(|p| p.tag = Some("fire".into())).expect("a query");
        assert_eq!(ids(&fire.page(spells.clone(), casts).0), ["flame", "ember"]);
        let text = query(|p| p.q = Some("THE F".into())).expect("a query");
        assert_eq!(ids(&text.page(spells.clone(), casts).0), ["flame", "frost"]);
        let stable = query(|p| p.channel = Some("stable".into())).expect("a query");
        assert!(stable.page(spells, casts).0.is_empty());
    }
}
