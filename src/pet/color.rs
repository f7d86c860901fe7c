//! Colours as skins write them.

/// `#rrggbb`.
///
/// # Errors
/// When it is written otherwise.
pub(super) fn rgb(text: &str) -> Result<[u8; 3], String> {
    match rgba(text)? {
        [r, g, b, 255] => Ok([r, g, b]),
        _ => Err(format!("{text:?} has an opacity, which is not possible there")),
    }
}

/// `#rrggbb`, or `#rrggbbaa` with an opacity.
///
/// # Errors
/// When it is written otherwise.
pub(super) fn rgba(text: &str) -> Result<[u8; 4], String> {
    let wrong = || {
        let shown: String = text.chars().take(40).collect();
        format!("{shown:?} is no colour such as #ff8800")
    };
    let hex = text.strip_prefix('#').filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let hex = hex.ok_or_else(wrong)?;
    let value = u32::from_str_radix(hex, 16).map_err(|_| wrong())?;
    match hex.len() {
        6 => Ok((value << 8 | 0xff).to_be_bytes()),
        8 => Ok(value.to_be_bytes()),
        _ => Err(wrong()),
    }
}
