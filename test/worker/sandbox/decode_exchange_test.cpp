#include "worker/sandbox/decode_exchange.hpp"

#include <functional>
#include <limits>

#include <catch2/catch.hpp>

using namespace samoyed::worker;

namespace {

constexpr Size size{400, 300};

DecodeReply good_reply(bool only_crop) {
  return {.magic = exchange_magic,
          .full = size,
          .decoded = size,
          .orientation = 6,
          .pixels = only_crop ? Size{input_side_px, input_side_px} : size};
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
      {"no pixels", [](DecodeReply& reply) { reply.pixels = {}; }},
      {"wider pixels", [](DecodeReply& reply) { ++reply.pixels.width; }},
      {"fewer rows", [](DecodeReply& reply) { --reply.pixels.height; }},
      {"pixels whose product overflows",
       [](DecodeReply& reply) {
         reply.pixels = {int_max, int_max};
       }},
      {"the whole image for the crop, or the other way round",
       [](DecodeReply& reply) {
         reply.pixels = reply.pixels == size ? Size{input_side_px, input_side_px} : size;
       }},
      {"a long detail",
       [](DecodeReply& reply) {
         reply.refused = true;
         reply.detail_bytes = detail_bytes_max + 1;
       }},
  };
  for (const bool only_crop : {false, true}) {
    const DecodeRequest request{.magic = exchange_magic, .options = {.only_crop = only_crop}};
    CHECK(is_sound(good_reply(only_crop), request));
    for (const auto& [name, lie] : lies) {
      INFO(name << ", only crop: " << only_crop);
      DecodeReply reply = good_reply(only_crop);
      lie(reply);
      CHECK_FALSE(is_sound(reply, request));
    }
  }
}
