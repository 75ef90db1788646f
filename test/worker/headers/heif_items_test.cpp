#include "worker/headers/heif_items.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "support/bytes.hpp"
#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

namespace {

using namespace std::string_literals;
using test::as_bytes;

std::string u16(std::size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number)};
}

std::string box(const std::string& type, const std::string& content) {
  return "\0\0"s + u16(8 + content.size()) + type + content;
}

/// A reference from one image to others, as the item reference box contains it.
std::string reference(const std::string& type, unsigned from, const std::vector<unsigned>& to) {
  std::string content = u16(from) + u16(to.size());
  for (const unsigned item : to) content += u16(item);
  return box(type, content);
}

/// A HEIC file that contains nothing but these references.
std::string file_of(const std::string& references) {
  return box("meta", "\0\0\0\0"s + box("iref", "\0\0\0\0"s + references));
}

bool is_finite(const std::string& references) {
  return worker::has_finite_references(as_bytes(file_of(references)));
}

}  // namespace

TEST_CASE("the references of honest HEIC files are finite") {
  for (const char* const name : test::image_fixtures) {
    const std::string file = test::read_image_fixture(name);
    if (!std::string_view(name).ends_with(".heic")) continue;
    CAPTURE(name);
    CHECK(worker::has_finite_references(as_bytes(file)));
  }
  CHECK(is_finite(""));
  CHECK(is_finite(reference("dimg", 1, {2, 3, 4}) + reference("auxl", 5, {1}) +
                  reference("thmb", 6, {1})));
  // An image may be a part of several others, and may be used twice.
  CHECK(is_finite(reference("dimg", 1, {2, 2}) + reference("dimg", 3, {1, 2})));
  // A thumbnail or a description takes no decoding.
  CHECK(is_finite(reference("thmb", 1, {1}) + reference("cdsc", 2, {1})));
}

TEST_CASE("images of a HEIC that consist of themselves are found") {
  CHECK_FALSE(is_finite(reference("dimg", 1, {1})));
  CHECK_FALSE(is_finite(reference("dimg", 1, {2}) + reference("dimg", 2, {3, 1})));
  // The alpha of image 1 is put together from image 1.
  CHECK_FALSE(is_finite(reference("auxl", 2, {1}) + reference("dimg", 2, {1})));
  // Ten levels, and a few levels of many parts each.
  std::string deep;
  for (unsigned item = 1; item <= 10; ++item) deep += reference("dimg", item, {item + 1});
  CHECK_FALSE(is_finite(deep));
  std::string wide;
  for (unsigned item = 1; item <= 4; ++item) {
    wide += reference("dimg", item, std::vector<unsigned>(60, item + 1));
  }
  CHECK_FALSE(is_finite(wide));
}

TEST_CASE("references of a HEIC are followed whatever their boxes say about their size") {
  // libheif reads on after a box that claims to be larger than the rest.
  std::string references = reference("dimg", 2, {1}) + reference("auxl", 2, {1});
  references[references.size() - 14] = '\xFF';
  CHECK_FALSE(is_finite(references));
  CHECK_FALSE(worker::has_finite_references(
      as_bytes(file_of(reference("dimg", 1, {2})) + file_of(reference("dimg", 2, {1})))));
}

}  // namespace samoyed
