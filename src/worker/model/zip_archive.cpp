#include "worker/model/zip_archive.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <zlib.h>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {
namespace {

constexpr std::uint32_t local_header_signature = 0x04034b50;
constexpr std::uint32_t directory_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::size_t local_header_bytes = 30;
constexpr std::size_t directory_header_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t end_comment_bytes_max = 65535;
constexpr unsigned method_stored = 0;
constexpr unsigned method_deflated = 8;
/// torch compresses the code of a TorchScript archive and what goes with it, but no weights. That
/// is far less than this.
constexpr std::size_t inflated_bytes_max = std::size_t{64} << 20;

/// Offset of the end-of-central-directory record: the last place that looks like one.
std::optional<std::size_t> find_end_record(Bytes archive) {
  if (archive.size() < end_bytes) return std::nullopt;
  const std::size_t last = archive.size() - end_bytes;
  const std::size_t first = last - std::min(last, end_comment_bytes_max);
  for (std::size_t at = last + 1; at-- > first;) {
    if (read_u32le(archive, at) == end_signature) return at;
  }
  return std::nullopt;
}

/// One entry, as the central directory describes it.
struct Entry {
  std::string_view name;
  unsigned method;
  std::uint32_t crc;
  std::size_t stored_bytes;
  std::size_t size;
  std::size_t local;  ///< Offset of its local header.
};

/// Calls `visit` for each entry of the directory until it returns damage. Returns that damage, or
/// what is wrong with the directory; `std::nullopt` if there is no damage.
template <typename Visitor>
std::optional<std::string> visit_entries(Bytes archive, Visitor visit) {
  const std::string damaged = "its zip directory is damaged";
  const auto end = find_end_record(archive);
  if (!end) return "its zip directory is missing, as if the file were cut off";
  const std::size_t entries = read_u16le(archive, *end + 10);
  std::size_t at = read_u32le(archive, *end + 16);
  for (std::size_t count = 0; count < entries; ++count) {
    if (at > *end || *end - at < directory_header_bytes ||
        read_u32le(archive, at) != directory_signature) {
      return damaged;
    }
    const std::size_t name_length = read_u16le(archive, at + 28);
    const std::size_t length = directory_header_bytes + name_length + read_u16le(archive, at + 30) +
                               read_u16le(archive, at + 32);
    if (*end - at < length) return damaged;
    const auto* const name =
        reinterpret_cast<const char*>(archive.data() + at + directory_header_bytes);
    if (auto damage = visit(Entry{.name = {name, name_length},
                                  .method = read_u16le(archive, at + 10),
                                  .crc = read_u32le(archive, at + 16),
                                  .stored_bytes = read_u32le(archive, at + 20),
                                  .size = read_u32le(archive, at + 24),
                                  .local = read_u32le(archive, at + 42)})) {
      return damage;
    }
    at += length;
  }
  return std::nullopt;
}

const Bytef* as_zlib(Bytes bytes) { return reinterpret_cast<const Bytef*>(bytes.data()); }

/// The CRC-32 of the inflated data of `deflated` (RFC 1951); `std::nullopt` if that isn't valid or
/// isn't `size` bytes.
std::optional<std::uint32_t> crc_of_inflated(Bytes deflated, std::size_t size) {
  constexpr int raw_window_bits = -15;
  z_stream stream{};
  if (inflateInit2(&stream, raw_window_bits) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, inflateEnd);
  stream.next_in = const_cast<Bytef*>(as_zlib(deflated));
  stream.avail_in = static_cast<uInt>(deflated.size());
  std::array<Bytef, 16384> piece;
  std::uint32_t crc = 0;
  int status = Z_OK;
  while (status == Z_OK && stream.total_out <= size) {
    stream.next_out = piece.data();
    stream.avail_out = piece.size();
    status = inflate(&stream, Z_NO_FLUSH);
    crc = static_cast<std::uint32_t>(crc32_z(crc, piece.data(), piece.size() - stream.avail_out));
  }
  if (status != Z_STREAM_END || stream.total_out != size) return std::nullopt;
  return crc;
}

std::optional<std::string> find_entry_damage(Bytes archive, const Entry& entry) {
  const std::string damaged = "its zip directory is damaged";
  if (entry.method != method_stored && entry.method != method_deflated) {
    return "an entry is compressed in a way that torch never uses";
  }
  if (entry.method == method_stored && entry.stored_bytes != entry.size) return damaged;
  if (entry.local > archive.size() || archive.size() - entry.local < local_header_bytes ||
      read_u32le(archive, entry.local) != local_header_signature) {
    return damaged;
  }
  const std::size_t data = entry.local + local_header_bytes +
                           read_u16le(archive, entry.local + 26) +
                           read_u16le(archive, entry.local + 28);
  if (data > archive.size() || archive.size() - data < entry.stored_bytes) return damaged;
  const Bytes stored = archive.subspan(data, entry.stored_bytes);
  if (entry.crc == 0) return std::nullopt;
  const std::optional<std::uint32_t> crc =
      entry.method == method_deflated
          ? crc_of_inflated(stored, entry.size)
          : static_cast<std::uint32_t>(crc32_z(0, as_zlib(stored), stored.size()));
  if (crc == entry.crc) return std::nullopt;
  return "the bytes of its entry " + std::string(entry.name) + " don't match their checksum";
}

}  // namespace

std::optional<std::string> find_zip_damage(Bytes archive) {
  std::size_t stored_bytes = 0;
  std::size_t inflated_bytes = 0;
  return visit_entries(archive, [&](const Entry& entry) -> std::optional<std::string> {
    // Entries that overlap, or that inflate to a lot of data, would let a small file take hours.
    stored_bytes += entry.stored_bytes;
    if (stored_bytes > archive.size()) return "its zip directory is damaged";
    if (entry.method == method_deflated) inflated_bytes += entry.size;
    if (inflated_bytes > inflated_bytes_max) return "its compressed entries are too large";
    return find_entry_damage(archive, entry);
  });
}

bool is_torchscript(Bytes archive) {
  bool has_code = false;
  bool has_constants = false;
  const auto damage = visit_entries(archive, [&](const Entry& entry) {
    // All entries are in one folder, whose name may vary.
    const std::string_view path =
        entry.name.substr(std::min(entry.name.find('/'), entry.name.size()));
    has_code = has_code || path.starts_with("/code/");
    has_constants = has_constants || path == "/constants.pkl";
    return std::optional<std::string>();
  });
  return !damage && has_code && has_constants;
}

}  // namespace samoyed::worker
