#include "samoyed/protocol/file_kind.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "samoyed/protocol/ascii.hpp"

namespace samoyed::protocol {
namespace {

using namespace std::string_view_literals;

struct Kind {
  std::size_t offset;
  std::string_view signature;
  std::string_view name;
};

/// The first row that fits applies. The brands of ISO media files (`ftyp`, ISO 14496-12) come
/// before the row for all of them. Images among these that no worker reads are named, too.
constexpr std::array kinds{
    Kind{4, "ftypqt  ", "a video (QuickTime)"},
    Kind{4, "ftypM4A ", "a sound file (M4A)"},
    Kind{4, "ftypheic", "a HEIC image"},
    Kind{4, "ftypheix", "a HEIC image"},
    Kind{4, "ftypmif1", "a HEIF image"},
    Kind{4, "ftypavif", "an AVIF image"},
    Kind{0, "\xFF\x0A", "a JPEG XL image"},
    Kind{0, "\0\0\0\x0CJXL \r\n\x87\n"sv, "a JPEG XL image"},
    Kind{4, "ftypcrx ", "a raw photograph (CR3)"},
    Kind{4, "ftyp3g", "a video (3GP)"},
    Kind{4, "ftyp", "a video (MP4)"},
    Kind{4, "moov", "a video (QuickTime)"},
    Kind{4, "mdat", "a video (QuickTime)"},
    Kind{0, "\x1A\x45\xDF\xA3", "a video (Matroska or WebM)"},
    Kind{8, "AVI LIST", "a video (AVI)"},
    Kind{0, "\0\0\1\xBA"sv, "a video (MPEG)"},
    Kind{0, "\0\0\1\xB3"sv, "a video (MPEG)"},
    Kind{0, "FLV\1", "a video (Flash)"},
    Kind{8, "WAVE", "a sound file (WAV)"},
    Kind{0, "ID3", "a sound file (MP3)"},
    Kind{0, "OggS", "a sound or video file (Ogg)"},
    Kind{0, "fLaC", "a sound file (FLAC)"},
    Kind{0, "%PDF-", "a PDF"},
    Kind{0, "%!PS", "a PostScript file"},
    Kind{0, "{\\rtf", "a text document (RTF)"},
    Kind{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an Office document"},
    Kind{0, "PK\3\4", "a ZIP archive or an Office document"},
    Kind{0, "PK\5\6", "a ZIP archive"},
    Kind{0, "Rar!\x1A\7", "a RAR archive"},
    Kind{0, "7z\xBC\xAF\x27\x1C", "a 7z archive"},
    Kind{0, "\x1F\x8B", "a gzip file"},
    Kind{0, "BZh", "a bzip2 file"},
    Kind{0,
         "\xFD"
         "7zXZ",
         "an xz file"},
    Kind{0, "\x28\xB5\x2F\xFD", "a Zstandard file"},
    Kind{257, "ustar", "a tar archive"},
    Kind{0,
         "\x7F"
         "ELF",
         "a program"},
    Kind{0, "MZ", "a program"},
    Kind{0, "SQLite format 3", "a database"},
};

/// Kinds of text. A text may begin with a byte order mark, spaces, comments and declarations, so
/// these words are searched for. The first that a text contains applies.
struct TextKind {
  std::string_view word;  ///< In lower case.
  std::string_view name;
};

constexpr std::array text_kinds{
    TextKind{"<!doctype html", "an HTML page"},
    TextKind{"<html", "an HTML page"},
    TextKind{"<svg", "an SVG drawing"},
    TextKind{"<?xml", "an XML file"},
};

constexpr std::size_t searched_bytes = 1024;

}  // namespace

std::string_view find_file_kind(std::string_view file) {
  const auto fits = [&](const Kind& kind) {
    return file.size() >= kind.offset && file.substr(kind.offset).starts_with(kind.signature);
  };
  const auto kind = std::ranges::find_if(kinds, fits);
  if (kind != kinds.end()) return kind->name;

  const std::string text = to_lower(file.substr(0, searched_bytes));
  const std::size_t start = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (start == std::string::npos || text[start] != '<') return {};
  const auto text_kind = std::ranges::find_if(text_kinds, [&](const TextKind& one) {
    return text.find(one.word, start) != std::string::npos;
  });
  return text_kind == text_kinds.end() ? std::string_view() : text_kind->name;
}

}  // namespace samoyed::protocol
