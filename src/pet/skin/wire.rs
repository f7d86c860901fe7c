//! Skins as a container's `x-buddy.json` has them. `pack build` takes filters out of TOML by the same
//! reader, so that nothing is compiled that cannot be opened.

use super::super::color::{rgb, rgba};
use super::super::manifest::is_name;
use super::{Look, MAX_SKINS, Skin, TextForm};
use crate::frame::filter::{Band, EGA, Filter, Glow, MAX_BANDS, MAX_FILTERS, Rim, ScanLines, Snap};
use serde::Deserialize;
use serde_json::Value;

/// The largest share of a picture that a length of a filter may be.
const LONGEST: f32 = 0.125;

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(flatten)]
    dark: LookEntry,
    light: Option<LookEntry>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct LookEntry {
    theme: Option<String>,
    #[serde(default)]
    filters: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum FilterEntry {
    Snap(SnapEntry),
    Rim(RimEntry),
    Glow(GlowEntry),
    ScanLines(ScanLinesEntry),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapEntry {
    palette: PaletteEntry,
    cell: f32,
    dither: f32,
    outline: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PaletteEntry {
    Named(String),
    Colors(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RimEntry {
    bands: Vec<(f32, String)>,
    paper: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GlowEntry {
    radius: f32,
    strength: f32,
    color: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScanLinesEntry {
    period: f32,
    strength: f32,
}

/// The skins that a table lists; none where it lists none. One that cannot be read is left out: the
/// pet is whole without.
pub(in crate::pet) fn listed(table: &Value) -> Vec<Skin> {
    let entries = table.get("skins").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    entries.iter().take(MAX_SKINS).filter_map(skin).collect()
}

fn skin(entry: &Value) -> Option<Skin> {
    let Entry { name, dark, light, text } = Entry::deserialize(entry).ok()?;
    let look = |entry: LookEntry| {
        Some(Look { theme: entry.theme, filters: filters(&entry.filters).ok()? })
    };
    let light = match light {
        Some(light) => Some(look(light)?),
        None => None,
    };
    let text = text.map_or(Ok(TextForm::Any), |text| text_form(&text)).ok()?;
    is_name(&name).then_some(())?;
    Some(Skin { name, dark: look(dark)?, light, text })
}

/// How a skin is told in text symbols.
///
/// # Errors
/// When there is no form of that name.
pub(in crate::pet) fn text_form(name: &str) -> Result<TextForm, String> {
    match name {
        "any" => Ok(TextForm::Any),
        "cp437" => Ok(TextForm::CodePage437),
        _ => Err(format!("has text = {name:?}; there are any and cp437")),
    }
}

/// Reads a list of filters.
///
/// # Errors
/// When one is unknown or a number of it is out of its range; the message names it.
pub(in crate::pet) fn filters(list: &Value) -> Result<Vec<Filter>, String> {
    let entries = match list {
        Value::Null => &[][..],
        Value::Array(list) => list,
        _ => return Err("has filters that are no list".to_owned()),
    };
    if entries.len() > MAX_FILTERS {
        return Err(format!("has more than {MAX_FILTERS} filters"));
    }
    let filter = |entry: &Value| {
        let read = FilterEntry::deserialize(entry).map_err(|e| e.to_string());
        read.and_then(checked).map_err(|e| format!("has a filter that cannot be: {e}"))
    };
    entries.iter().map(filter).collect()
}

fn checked(entry: FilterEntry) -> Result<Filter, String> {
    Ok(match entry {
        FilterEntry::Snap(snap) => Filter::Snap(Snap {
            palette: palette(snap.palette)?,
            cell: within("cell", snap.cell, LONGEST)?,
            dither: within("dither", snap.dither, 1.0)?,
            outline: snap.outline.as_deref().map(rgb).transpose()?,
        }),
        FilterEntry::Rim(rim) => {
            if rim.bands.len() > MAX_BANDS {
                return Err(format!("a rim has at most {MAX_BANDS} bands"));
            }
            let band = |(width, color): (f32, String)| {
                Ok::<_, String>(Band {
                    width: within("a band", width, LONGEST)?,
                    color: rgba(&color)?,
                })
            };
            Filter::Rim(Rim {
                bands: rim.bands.into_iter().map(band).collect::<Result<_, _>>()?,
                paper: rim.paper.as_deref().map(rgb).transpose()?,
            })
        }
        FilterEntry::Glow(glow) => Filter::Glow(Glow {
            radius: within("radius", glow.radius, LONGEST)?,
            strength: within("strength", glow.strength, 8.0)?,
            color: glow.color.as_deref().map(rgb).transpose()?,
        }),
        FilterEntry::ScanLines(lines) => Filter::ScanLines(ScanLines {
            period: within("period", lines.period, LONGEST)?,
            strength: within("strength", lines.strength, 1.0)?,
        }),
    })
}

fn palette(entry: PaletteEntry) -> Result<Vec<[u8; 3]>, String> {
    let colors: Vec<String> = match entry {
        PaletteEntry::Named(name) if name == "ega" => return Ok(EGA.to_vec()),
        PaletteEntry::Named(name) => return Err(format!("there is no palette {name:?}")),
        PaletteEntry::Colors(colors) => colors,
    };
    if !(2..=EGA.len()).contains(&colors.len()) {
        return Err(format!("a palette has 2 to {} colours", EGA.len()));
    }
    colors.iter().map(|color| rgb(color)).collect()
}

fn within(what: &str, value: f32, most: f32) -> Result<f32, String> {
    if (0.0..=most).contains(&value) {
        return Ok(value);
    }
    Err(format!("{what} is {value}: 0 to {most} is possible"))
}
