#include "worker/sandbox/decode_exchange.hpp"

#include <functional>
#include <limits>

#include <catch2/catch.hpp>

using namespace samoyed::worker;

namespace {

constexpr Size size{400, 300};

DecodeReply good_reply() {
  return {.magic = exchange_magic,
          .full = size,
          .decoded = size,
          .orientation = 6,
          .pixels = {0, 0, size.width, size.height}};
}

}  // namespace

TEST_CASE("a reply that an intact decoder can't give is rejected") {
  constexpr int int_max = std::numeric_limits<int>::max();
  const struct {
    const char* name;
    std::function<void(DecodeReply&)> lie;
  } lies[] = {
      {"another build", [](DecodeReply& reply) { reply.magic ^= 1; }},
      {"no width", [](DecodeReply& reply) { reply.full.width = 0; }},
      {"a negative height", [](DecodeReply& reply) { reply.decoded.height = -1; }},
      {"a side beyond the limit", [](DecodeReply& reply) { reply.full.width = 70000; }},
      {"more pixels than the limit",
       [](DecodeReply& reply) {
         reply.full = {16384, 16384};
       }},
      {"neither refused nor not", [](DecodeReply& reply) { reply.refused = 2; }},
      {"neither truncated nor not", [](DecodeReply& reply) { reply.truncated = 2; }},
      {"a reason that no decoder has",
       [](DecodeReply& reply) {
         reply.refused = 1;
         reply.reason = samoyed::protocol::RefusalReason::busy;
       }},
      {"orientation 0", [](DecodeReply& reply) { reply.orientation = 0; }},
      {"orientation 9", [](DecodeReply& reply) { reply.orientation = 9; }},
      {"pixels left of the image", [](DecodeReply& reply) { reply.pixels.left = -1; }},
      {"pixels beyond the image", [](DecodeReply& reply) { reply.pixels.width = 401; }},
      {"pixels whose edge overflows", [](DecodeReply& reply) { reply.pixels.top = int_max; }},
      {"a part only", [](DecodeReply& reply) { reply.pixels.height = 299; }},
      {"less than the crop",
       [](DecodeReply& reply) {
         reply.pixels = {100, 100, 50, 50};
       }},
      {"a long detail",
       [](DecodeReply& reply) {
         reply.refused = true;
         reply.detail_bytes = detail_bytes_max + 1;
       }},
  };
  for (const bool only_crop : {false, true}) {
    const DecodeRequest request{.magic = exchange_magic, .options = {.only_crop = only_crop}};
    CHECK(is_sound(good_reply(), request));
    for (const auto& [name, lie] : lies) {
      // The crop is 350 of the height's 400 pixels, so one row less still holds it.
      if (only_crop && std::string_view(name) == "a part only") continue;
      INFO(name << ", only crop: " << only_crop);
      DecodeReply reply = good_reply();
      lie(reply);
      CHECK_FALSE(is_sound(reply, request));
    }
  }
}

TEST_CASE("only the crop is sent if only the crop is wanted") {
  const DecodedImage image{
      .full = size, .decoded = size, .orientation = 1, .pixels = {size.width, size.height, {}}};
  const Region crop = crop_region(size, 1);
  CHECK(needed_region(image, {.only_crop = true}) == crop);
  CHECK(needed_region(image, {.only_crop = false}) == Region{0, 0, size.width, size.height});
  const DecodeRequest request{.magic = exchange_magic, .options = {.only_crop = true}};
  DecodeReply reply = good_reply();
  reply.orientation = 1;
  reply.pixels = crop;
  CHECK(is_sound(reply, request));
}
