#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace samoyed::protocol {

/// U+FFFD, which replaces what can't be kept or shown.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// Returns the length in bytes of the well-formed UTF-8 sequence at the start of the text, or 0 if
/// there is none (The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above
/// U+10FFFF).
std::size_t utf8_sequence_length(std::string_view text);

bool is_utf8(std::string_view text);

/// Returns true for a control character: C0 (which includes tabs and line breaks), DEL and C1.
/// `sequence` is one well-formed UTF-8 sequence.
bool is_control(std::string_view sequence);

/// Returns a text from outside as valid UTF-8: each byte that isn't part of a well-formed sequence
/// becomes U+FFFD. Everything that is kept goes through this, because one invalid name would spoil
/// a whole file for the programs that read it.
std::string to_utf8(std::string_view text);

/// Returns a text from outside as one line of plain text for a person: valid UTF-8, in which U+FFFD
/// replaces control characters, U+2028 and U+2029, which break lines, and the characters that
/// override the direction of the text around them (U+202A to U+202E, U+2066 to U+2069). Pages don't
/// need that: they isolate such a text in `<bdi>`.
std::string to_printable(std::string_view text);

/// Returns a JSON text with DEL and C1 escaped (`\u009b`), which JSON allows as they are but a
/// terminal obeys. `json` must be valid UTF-8.
std::string escape_json_controls(std::string json);

}  // namespace samoyed::protocol
