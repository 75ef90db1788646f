#include "worker/zip_archive.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <zlib.h>

#include "worker/byte_order.hpp"

namespace samoyed::worker {
namespace {

constexpr std::uint32_t local_header_signature = 0x04034b50;
constexpr std::uint32_t directory_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::size_t local_header_bytes = 30;
constexpr std::size_t directory_header_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t end_comment_bytes_max = 65535;

/// Where the end-of-central-directory record begins: the last place that looks like one.
std::optional<std::size_t> find_end_record(Bytes archive) {
  if (archive.size() < end_bytes) return std::nullopt;
  const std::size_t last = archive.size() - end_bytes;
  const std::size_t first = last - std::min(last, end_comment_bytes_max);
  for (std::size_t at = last + 1; at-- > first;) {
    if (read_u32le(archive, at) == end_signature) return at;
  }
  return std::nullopt;
}

/// What is wrong with the entry whose header in the central directory stands at `at`.
std::optional<std::string> find_entry_damage(Bytes archive, std::size_t at) {
  const std::string damaged = "its zip directory is damaged";
  if (read_u16le(archive, at + 10) != 0) return "an entry is compressed";
  const std::uint32_t crc = read_u32le(archive, at + 16);
  const std::size_t size = read_u32le(archive, at + 24);
  const std::size_t local = read_u32le(archive, at + 42);
  if (read_u32le(archive, at + 20) != size) return damaged;
  if (local > archive.size() || archive.size() - local < local_header_bytes ||
      read_u32le(archive, local) != local_header_signature) {
    return damaged;
  }
  const std::size_t data = local + local_header_bytes + read_u16le(archive, local + 26) +
                           read_u16le(archive, local + 28);
  if (data > archive.size() || archive.size() - data < size) return damaged;
  const std::size_t name_length = read_u16le(archive, at + 28);
  const Bytes name = archive.subspan(at + directory_header_bytes, name_length);
  if (crc != 0 && crc != crc32_z(0, reinterpret_cast<const Bytef*>(archive.data() + data), size)) {
    return "the bytes of its entry " +
           std::string(reinterpret_cast<const char*>(name.data()), name.size()) +
           " don't match their checksum";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_zip_damage(Bytes archive) {
  const auto end = find_end_record(archive);
  if (!end) return "its zip directory is missing, as if the file were cut off";
  const std::size_t entries = read_u16le(archive, *end + 10);
  std::size_t at = read_u32le(archive, *end + 16);
  std::size_t entry_bytes = 0;
  for (std::size_t entry = 0; entry < entries; ++entry) {
    if (at > *end || *end - at < directory_header_bytes ||
        read_u32le(archive, at) != directory_signature) {
      return "its zip directory is damaged";
    }
    const std::size_t length = directory_header_bytes + read_u16le(archive, at + 28) +
                               read_u16le(archive, at + 30) + read_u16le(archive, at + 32);
    if (*end - at < length) return "its zip directory is damaged";
    // Entries that overlap would let a small file cost hours.
    entry_bytes += read_u32le(archive, at + 24);
    if (entry_bytes > archive.size()) return "its zip directory is damaged";
    if (auto damage = find_entry_damage(archive, at)) return damage;
    at += length;
  }
  return std::nullopt;
}

}  // namespace samoyed::worker
