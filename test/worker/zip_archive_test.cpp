#include "worker/zip_archive.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/model_fixtures.hpp"

using samoyed::test::make_zip;

namespace {

std::optional<std::string> damage_of(const std::vector<char>& archive) {
  return samoyed::worker::find_zip_damage(std::as_bytes(std::span(archive)));
}

const std::vector<char>& sample() {
  static const std::vector<char> archive =
      make_zip({{"m/data.pkl", "pickle"}, {"m/data/0", "weights"}, {"m/version", "3\n"}});
  return archive;
}

}  // namespace

TEST_CASE("an archive that is whole has no damage") {
  CHECK(damage_of(sample()) == std::nullopt);
  CHECK(damage_of(make_zip({{"empty", ""}})) == std::nullopt);
}

TEST_CASE("an archive that is cut off anywhere is damaged") {
  for (std::size_t length = 0; length < sample().size(); ++length) {
    CAPTURE(length);
    CHECK(damage_of({sample().begin(), sample().begin() + static_cast<std::ptrdiff_t>(length)}));
  }
}

TEST_CASE("any changed byte of an entry's data is found by its checksum") {
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
      // A copy of the exact size: the address sanitizer sees a read beyond its end.
      std::vector<char> archive(sample().begin(), sample().end());
      archive[at] = static_cast<char>(value);
      const auto damage = damage_of(archive);
      CHECK((!damage || !damage->empty()));
    }
  }
}

TEST_CASE("what torch never writes is refused with its reason") {
  const std::string text(sample().begin(), sample().end());
  const std::size_t directory = text.find("PK\x01\x02");
  const struct {
    std::size_t at;
    char value;
    const char* damage;
  } cases[] = {
      {directory + 10, 8, "an entry is compressed"},
      {directory + 20, 7, "its zip directory is damaged"},  // compressed size
      {directory + 45, 1, "its zip directory is damaged"},  // the local header's place
      {directory, 'Q', "its zip directory is damaged"},
  };
  for (const auto& [at, value, damage] : cases) {
    std::vector<char> archive = sample();
    archive[at] = value;
    CHECK(damage_of(archive) == damage);
  }
}

TEST_CASE("entries that overlap are refused before their bytes are read again and again") {
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
