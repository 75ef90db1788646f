#include "worker/model/zip_archive.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <zlib.h>

#include <catch2/catch.hpp>

#include "worker/network/model_fixtures.hpp"
#include "worker/network/torchscript_fixtures.hpp"

using samoyed::test::make_torchscript;
using samoyed::test::make_zip;
using samoyed::worker::is_torchscript;

namespace {

std::optional<std::string> damage_of(const std::vector<char>& archive) {
  return samoyed::worker::find_zip_damage(std::as_bytes(std::span(archive)));
}

const std::vector<char>& sample() {
  static const std::vector<char> archive =
      make_zip({{"m/data.pkl", "pickle"}, {"m/data/0", "weights"}, {"m/version", "3\n"}});
  return archive;
}

/// Writes a 32-bit number into an archive.
void put(std::vector<char>& archive, std::size_t at, std::size_t number) {
  for (std::size_t i = 0; i < 4; ++i) archive[at + i] = static_cast<char>(number >> (8 * i));
}

/// Returns an archive with one deflated entry `m/code`, whose header claims that it inflates to
/// `said_bytes`.
std::vector<char> make_deflated(const std::string& text, std::size_t said_bytes) {
  std::string deflated(text.size() + 100, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(deflated.data());
  stream.avail_out = static_cast<uInt>(deflated.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  deflated.resize(stream.total_out);
  deflateEnd(&stream);
  std::vector<char> archive = make_zip({{"m/code", deflated}});
  const std::size_t directory = std::string(archive.begin(), archive.end()).find("PK\x01\x02");
  archive[directory + 10] = 8;
  put(archive, directory + 16,
      crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
  put(archive, directory + 24, said_bytes);
  return archive;
}

}  // namespace

TEST_CASE("an intact archive has no damage") {
  CHECK(damage_of(sample()) == std::nullopt);
  CHECK(damage_of(make_zip({{"empty", ""}})) == std::nullopt);
}

TEST_CASE("an archive that is truncated anywhere is damaged") {
  for (std::size_t length = 0; length < sample().size(); ++length) {
    CAPTURE(length);
    CHECK(damage_of({sample().begin(), sample().begin() + static_cast<std::ptrdiff_t>(length)}));
  }
}

TEST_CASE("the checksum reveals any changed byte of an entry's data") {
  const std::string text(sample().begin(), sample().end());
  const std::size_t data = text.find("weights");
  for (std::size_t at = data; at < data + 7; ++at) {
    std::vector<char> archive = sample();
    archive[at] ^= 1;
    CHECK(damage_of(archive) == "the bytes of its entry m/data/0 don't match their checksum");
  }
}

TEST_CASE("no changed byte makes the check read outside the archive") {
  for (std::size_t at = 0; at < sample().size(); ++at) {
    for (const int value : {0x00, 0x7F, 0xFF}) {
      // A copy of exactly this size, so that AddressSanitizer sees a read beyond its end.
      std::vector<char> archive(sample().begin(), sample().end());
      archive[at] = static_cast<char>(value);
      const auto damage = damage_of(archive);
      CHECK((!damage || !damage->empty()));
    }
  }
}

TEST_CASE("an archive that torch would never write is rejected with a reason") {
  const std::string text(sample().begin(), sample().end());
  const std::size_t directory = text.find("PK\x01\x02");
  const struct {
    std::size_t at;
    char value;
    const char* damage;
  } cases[] = {
      {directory + 10, 12, "an entry is compressed in a way that torch never uses"},
      {directory + 10, 8, "the bytes of its entry m/data.pkl don't match their checksum"},
      {directory + 20, 7, "its zip directory is damaged"},  // compressed size
      {directory + 45, 1, "its zip directory is damaged"},  // position of the local header
      {directory, 'Q', "its zip directory is damaged"},
  };
  for (const auto& [at, value, damage] : cases) {
    std::vector<char> archive = sample();
    archive[at] = value;
    CHECK(damage_of(archive) == damage);
  }
}

TEST_CASE("overlapping entries are rejected before their bytes are read repeatedly") {
  std::vector<char> archive =
      make_zip({{"a", std::string(100, 'x')}, {"b", std::string(100, 'x')}});
  const std::string text(archive.begin(), archive.end());
  const std::size_t second = text.rfind("PK\x01\x02");
  // Both entries begin at the first one's header and claim nearly the whole file.
  for (std::size_t i = 42; i < 46; ++i) archive[second + i] = 0;
  for (const std::size_t directory : {text.find("PK\x01\x02"), second}) {
    archive[directory + 20] = archive[directory + 24] = static_cast<char>(200);
    for (std::size_t i = 16; i < 20; ++i) archive[directory + i] = 0;
  }
  CHECK(damage_of(archive) == "its zip directory is damaged");
}

TEST_CASE("the check of a deflated entry covers its inflated bytes") {
  const std::string text = std::string(100'000, 'a') + "some code";
  CHECK(damage_of(make_deflated(text, text.size())) == std::nullopt);
  const char* const damage = "the bytes of its entry m/code don't match their checksum";
  CHECK(damage_of(make_deflated(text, text.size() - 1)) == damage);
  CHECK(damage_of(make_deflated(text, text.size() + 1)) == damage);
  const std::vector<char> whole = make_deflated(text, text.size());
  const std::size_t data = std::string(whole.begin(), whole.end()).find("m/code") + 6;
  std::vector<char> changed = whole;
  changed[data + 3] ^= 1;
  CHECK(damage_of(changed) == damage);
}

TEST_CASE("an entry that would inflate to too much is rejected before it is inflated") {
  CHECK(damage_of(make_deflated("small", 65U << 20)) == "its compressed entries are too large");
}

TEST_CASE("a TorchScript archive is recognized by its entries, and its code is checked too") {
  // Long enough that torch compresses the code.
  const std::vector<char> archive =
      make_torchscript("assert x.size(0) == 1, '" + std::string(300, 'a') + "'\n  return x");
  CHECK(is_torchscript(std::as_bytes(std::span(archive))));
  CHECK(damage_of(archive) == std::nullopt);
  CHECK_FALSE(is_torchscript(std::as_bytes(std::span(sample()))));
  for (const std::vector<char>& other :
       {make_zip({{"m/code/a.py", ""}}), make_zip({{"m/constants.pkl", ""}}),
        make_zip({{"code/a.py", ""}, {"constants.pkl", ""}}), std::vector<char>{}}) {
    CHECK_FALSE(is_torchscript(std::as_bytes(std::span(other))));
  }
}
