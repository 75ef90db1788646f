#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::web {

/// Why a body is not a valid form, as a sentence for the user.
struct FormError {
  std::string sentence;
};

/// Maximum number of parts of a form, and of those that are files.
inline constexpr std::size_t form_parts_max = 256;
inline constexpr std::size_t form_files_max = 200;
/// Size limit for the header of one part, all lines together.
inline constexpr std::size_t part_header_bytes_max = 8192;

/// Size limit for the kept content of a part that isn't a file.
inline constexpr std::size_t field_bytes_max = 1024;

/// A part of a form, with the place of its content in the body.
struct ScannedPart {
  std::string name;
  /// The file's name on the user's system, for display only. May contain anything, including `/`
  /// and markup, but is valid UTF-8. std::nullopt if the part has no `filename`. Empty if a
  /// browser's user chose no file.
  std::optional<std::string> file_name;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
  /// The content of a part that isn't a file, of which only the first `field_bytes_max` are kept.
  std::string text = {};
};

/// Finds the parts of a multipart/form-data body that arrives in pieces of any size. Holds only the
/// last bytes, which may belong to a part's header or to a delimiter.
///
///     preamble --> header --> content --> done
///                    ^           |
///                    +-----------+
///
/// The format is that of RFC 7578 and RFC 2046. `filename*` is ignored, as RFC 7578, section 4.2,
/// requires. `%22`, `%0D` and `%0A` in names are decoded, because browsers write them for a
/// quotation mark, CR and LF (WHATWG HTML, 'multipart/form-data encoding algorithm'). Folded header
/// lines, names in single quotation marks, and quotation marks that a client forgot to escape are
/// accepted.
class FormScanner {
 public:
  explicit FormScanner(std::string_view boundary);

  /// Takes the body's next piece. Call nothing but the destructor after an error.
  std::optional<FormError> scan(std::string_view piece);
  /// Takes the body's end.
  std::optional<FormError> finish() const;

  /// The parts, of which the last one may be incomplete before `finish` has succeeded.
  const std::vector<ScannedPart>& parts() const { return parts_; }

  /// Bytes of the body that it holds.
  std::size_t held_bytes() const { return rest_.size(); }

 private:
  enum class State { preamble, header, content, done };
  enum class Found { nothing, delimiter, last_delimiter, too_little };
  /// What a search found in a text.
  struct Search {
    Found found;
    std::size_t begin = 0;  ///< The bytes before the delimiter, or before what may become one.
    std::size_t end = 0;    ///< The bytes up to the delimiter's end.
  };

  std::optional<FormError> advance(std::string_view text, std::size_t& used);
  std::optional<FormError> read_header(std::string_view text, std::size_t& used, bool& stuck);
  static void keep(ScannedPart& part, std::string_view content, std::uint64_t begin);
  Search find_delimiter(std::string_view text);
  Search read_end(std::string_view text, std::size_t begin, std::size_t end) const;

  const std::string delimiter_;  ///< CRLF, two hyphens and the boundary.
  State state_ = State::preamble;
  bool lf_lines_ = false;     ///< A delimiter stands in a line that ends with LF only.
  std::string rest_;          ///< The last bytes, not used yet.
  std::uint64_t offset_ = 0;  ///< The place of `rest_` in the body.
  std::size_t files_ = 0;
  std::vector<ScannedPart> parts_;
};

}  // namespace samoyed::web
