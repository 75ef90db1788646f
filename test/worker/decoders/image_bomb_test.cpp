#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/result.hpp"
#include "support/sanitized.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/thumbnail.hpp"
#include "worker/test_images/image_bombs.hpp"
#include "worker/test_images/image_fixtures.hpp"

/// Small files that decode to a lot of data: each is refused before the time or the memory is
/// spent.
namespace samoyed {

namespace {

using protocol::Refusal;
using protocol::RefusalReason;
using test::jpeg2000_liar;
using test::patched;
using test::png;
using test::read_image_fixture;
using test::refusal_of;
using test::tiff;
using test::zlib_zeros;
using namespace std::string_literals;

constexpr std::size_t mib = std::size_t{1} << 20;

using test::memory_is_measurable;

/// The result and the cost of decoding a file and then making its thumbnail.
struct Cost {
  bool refused = false;
  RefusalReason reason = RefusalReason::other;
  double elapsed_ms = 0;
  std::size_t grown_bytes = 0;  ///< Peak resident memory minus that before.
};

/// Bytes in a line such as `VmHWM:  123 kB` of this process's status.
std::size_t status_bytes(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoul(line.substr(name.size())) * 1024;
  }
  return 0;
}

Cost decode_and_measure(const std::string& file, const worker::DecodeLimits& limits) {
  const std::size_t before = status_bytes("VmRSS:");
  const auto start = std::chrono::steady_clock::now();
  auto result = test::decode_upright(test::as_bytes(file), limits, true);
  if (auto* const image = std::get_if<worker::Image>(&result)) {
    const worker::Size size{image->width, image->height};
    worker::make_thumbnail({.full = size, .decoded = size, .pixels = std::move(*image)}, 160);
  }
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  const std::size_t most = status_bytes("VmHWM:");
  const auto* const refusal = std::get_if<Refusal>(&result);
  return {refusal != nullptr, refusal ? refusal->reason : RefusalReason::other, elapsed.count(),
          most > before ? most - before : 0};
}

/// Does the same in a process of its own, whose memory nothing else has used, and which is not
/// allowed to hang.
Cost decode_in_child(const std::string& file, const worker::DecodeLimits& limits) {
  constexpr unsigned hangs_after_s = 30;
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(hangs_after_s);
    const Cost cost = decode_and_measure(file, limits);
    _exit(write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
  }
  close(ends[1]);
  Cost cost;
  const auto size = read(ends[0], &cost, sizeof cost);
  close(ends[0]);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(size == sizeof cost);
  return cost;
}

struct Bomb {
  std::string name;
  std::string file;
  /// With the default limits; std::nullopt if they allow the image.
  std::optional<RefusalReason> refused;
  /// With a budget of 16 MiB.
  std::optional<RefusalReason> refused_with_little;
};

std::vector<Bomb> bombs() {
  constexpr auto unreadable = RefusalReason::unreadable;
  constexpr auto too_many = RefusalReason::too_many_pixels;
  constexpr std::size_t gib = std::size_t{1} << 30;
  const std::string lossless = read_image_fixture("lossless.webp");
  const std::string animated = read_image_fixture("animated.webp");
  const std::string bmp = read_image_fixture("rgb.bmp");
  const std::string gif = read_image_fixture("small_frame.gif");
  const std::string psd = read_image_fixture("packbits.psd");
  const std::string dib = read_image_fixture("rgb.dib");
  const std::string tga = read_image_fixture("rgb.tga");
  const std::string runs = read_image_fixture("run_length.tga");
  const std::string heic = read_image_fixture("rgb.heic");
  const std::string avif = read_image_fixture("rgb.avif");
  const std::size_t gif_frame = gif.find("hello") + 6;
  const std::size_t jp2_coding = read_image_fixture("grey.jp2").find("\xFF\x52");
  const std::string jpeg = test::progressive_jpeg(64, 1);
  return {
      {"a PNG of 8x8 pixels that inflates to 1 GiB", png({}, zlib_zeros(gib)), {}, {}},
      {"a PNG of 16000x16000 pixels", png({16000, 16000}, zlib_zeros(16000 * 48001)), too_many,
       too_many},
      {"a PNG of 8000x8000 pixels",
       png({8000, 8000}, zlib_zeros(8000 * 24001 + 258)),
       {},
       too_many},
      {"a PNG of 8000x8000 pixels that aren't there", png({8000, 8000}, zlib_zeros(1000)),
       unreadable, too_many},
      {"a PNG of 8192x8192 pixels, 16-bit RGBA, interlaced",
       png({8192, 8192, 16, 6, 1}, zlib_zeros(gib)), too_many, too_many},
      {"a progressive JPEG of 4096x4096 pixels and 20,000 scans",
       test::progressive_jpeg(4096, 20'000), RefusalReason::too_slow, too_many},
      {"a progressive JPEG that claims 8000x8000 pixels",
       patched(jpeg, jpeg.find("\xFF\xC2") + 5, "\x1F\x40\x1F\x40"),
       {},
       too_many},
      {"a lossy WebP that claims 16383x16383 pixels", test::lossy_webp_liar("lossy.webp"), too_many,
       too_many},
      {"a lossy WebP that claims 16383x16383 pixels on a small canvas",
       test::lossy_webp_liar("lossy_alpha.webp"), unreadable, unreadable},
      {"a lossless WebP that claims 16384x16384 pixels", patched(lossless, 21, "\xFF\xFF\xFF\x0F"),
       too_many, too_many},
      {"a lossless WebP that claims 8192x8192 pixels", patched(lossless, 21, "\xFF\xDF\xFF\x07"),
       unreadable, too_many},
      {"a lossless WebP of 1024x1024 pixels and 65536 groups of tables",
       test::webp_of_many_tables(), too_many, too_many},
      {"an animated WebP on a canvas of 16777216x16777216 pixels",
       patched(animated, 24, "\xFF\xFF\xFF\xFF\xFF\xFF"), unreadable, unreadable},
      {"an animated WebP on a canvas of 16384x16384 pixels",
       patched(animated, 24, "\xFF\x3F\0\xFF\x3F\0"s), too_many, too_many},
      {"a small frame on a WebP canvas of 8000x8000 pixels",
       patched(read_image_fixture("small_frame.webp"), 24, "\x3F\x1F\0\x3F\x1F\0"s),
       {},
       too_many},
      {"a GIF of 65535x65535 pixels", patched(gif, 6, "\xFF\xFF\xFF\xFF"), too_many, too_many},
      {"a GIF whose frame makes a small canvas 65535 pixels wide",
       patched(gif, gif_frame, ",\xFE\xFF\0\0\1\0\1\0"s),
       {},
       {}},
      {"a GIF that claims 8000x8000 pixels", patched(gif, gif_frame, ",\0\0\0\0\x40\x1F\x40\x1F"s),
       unreadable, too_many},
      {"a TIFF of 65535x65535 pixels", tiff({65535, 65535}, zlib_zeros(1000)), too_many, too_many},
      {"a TIFF of 8000x8000 pixels",
       tiff({8000, 8000}, zlib_zeros(8000 * 8000 + 258)),
       {},
       too_many},
      {"a TIFF of 8000x8000 pixels that aren't there", tiff({8000, 8000}, zlib_zeros(1000)),
       unreadable, too_many},
      {"a TIFF of 8x8 pixels that inflates to 1 GiB", tiff({}, zlib_zeros(gib)), {}, {}},
      {"a TIFF of 64x64 pixels in a tile of 65536x65536", tiff({64, 64, 65536}, zlib_zeros(gib)),
       too_many, too_many},
      {"a TIFF of 8000x8000 pixels in tiles of 1x1", tiff({8000, 8000, 1}, zlib_zeros(1000)),
       unreadable, too_many},
      {"a HEIC that claims 65535x65535 pixels",
       patched(heic, heic.rfind("ispe") + 8, "\0\0\xFF\xFF\0\0\xFF\xFF"s), too_many, too_many},
      {"a HEIC that claims 8000x8000 pixels",
       patched(heic, heic.rfind("ispe") + 8, "\0\0\x1F\x40\0\0\x1F\x40"s), unreadable, too_many},
      {"a HEIC of 64x64 pixels whose frame has 2048x2048", read_image_fixture("large_frame.heic"),
       unreadable, too_many},
      {"an AVIF that claims 65535x65535 pixels",
       patched(avif, avif.find("ispe") + 8, "\0\0\xFF\xFF\0\0\xFF\xFF"s), unreadable, unreadable},
      {"an AVIF that claims 6000x6000 pixels, to which libavif scales it",
       patched(avif, avif.find("ispe") + 8, "\0\0\x17\x70\0\0\x17\x70"s),
       {},
       too_many},
      {"a JPEG 2000 of 65535x65535 pixels", jpeg2000_liar("grey.jp2", 65535, 65535), too_many,
       too_many},
      {"a JPEG 2000 of 8000x8000 pixels that aren't there", jpeg2000_liar("grey.jp2", 8000, 8000),
       unreadable, too_many},
      {"a JPEG 2000 of 8000x8000 pixels in tiles of 1x1", jpeg2000_liar("grey.jp2", 8000, 1),
       unreadable, unreadable},
      {"a JPEG 2000 of 255x255 pixels in 65025 tiles that aren't there",
       jpeg2000_liar("grey.jp2", 255, 1), unreadable, unreadable},
      {"a JPEG 2000 of 1000x1000 pixels in blocks of 4x4",
       patched(jpeg2000_liar("grey.jp2", 1000, 1000), jp2_coding + 10, "\0\0"s), unreadable,
       too_many},
      {"a JPEG 2000 of 8000x8000 pixels in blocks of 4x4",
       patched(jpeg2000_liar("grey.jp2", 8000, 8000), jp2_coding + 10, "\0\0"s), too_many,
       too_many},
      {"a PNM of 65535x65535 pixels", "P6 65535 65535 255\n", too_many, too_many},
      {"a PNM of 8000x8000 pixels that aren't there", "P6 8000 8000 255\n", unreadable, too_many},
      {"a text PNM of 8000x8000 pixels that aren't there", "P3 8000 8000 65535\n", unreadable,
       too_many},
      {"a PSD of 65535x65535 pixels", patched(psd, 14, "\0\0\xFF\xFF\0\0\xFF\xFF"s), too_many,
       too_many},
      {"a PSD of 8000x8000 pixels that aren't there", patched(psd, 14, "\0\0\x1F\x40\0\0\x1F\x40"s),
       unreadable, too_many},
      {"an icon whose PNG has 16000x16000 pixels",
       "\0\0\1\0\1\0\0\0\0\0\1\0\x20\0\0\0\0\0\x16\0\0\0"s + png({16000, 16000}, zlib_zeros(1000)),
       too_many, too_many},
      {"an icon with 65535 images that aren't there", "\0\0\1\0\xFF\xFF"s, unreadable, unreadable},
      {"a DIB that claims 8000x8000 pixels", patched(dib, 4, "\x40\x1F\0\0\x40\x1F\0\0"s),
       unreadable, too_many},
      {"a TGA of 65535x65535 pixels", patched(tga, 12, "\xFF\xFF\xFF\xFF"), too_many, too_many},
      {"a TGA of 8000x8000 pixels that aren't there", patched(tga, 12, "\x40\x1F\x40\x1F"),
       unreadable, too_many},
      {"a TGA of run lengths of 8000x8000 pixels that aren't there",
       patched(runs, 12, "\x40\x1F\x40\x1F"), unreadable, too_many},
      {"a BMP that claims 2147483647x13 pixels", patched(bmp, 18, "\xFF\xFF\xFF\x7F"), too_many,
       too_many},
      {"a BMP that claims 8000x8000 pixels", patched(bmp, 18, "\x40\x1F\0\0\x40\x1F\0\0"s),
       unreadable, too_many},
  };
}

}  // namespace

TEST_CASE("small files that decode to a lot of data stay within their budget", "[image]") {
  worker::DecodeLimits ample, little;
  little.memory_bytes_max = 16 * mib;
  for (const Bomb& bomb : bombs()) {
    for (const worker::DecodeLimits& limits : {ample, little}) {
      const std::size_t budget = limits.memory_bytes_max;
      if (!test::is_read(bomb.file)) continue;
      const Cost cost = decode_in_child(bomb.file, limits);
      std::cout << bomb.name << ": file " << bomb.file.size() / 1024 << " KiB, budget "
                << budget / mib << " MiB, took " << cost.elapsed_ms << " ms and "
                << cost.grown_bytes / mib << " MiB\n";
      CAPTURE(bomb.name, budget);
      const auto refused =
          budget == little.memory_bytes_max ? bomb.refused_with_little : bomb.refused;
      CHECK(cost.refused == refused.has_value());
      if (refused) CHECK(cost.reason == *refused);
      if (memory_is_measurable) CHECK(cost.grown_bytes < budget + 64 * mib);
    }
  }
}

TEST_CASE("no image takes much more processor time than allowed", "[image]") {
  worker::DecodeLimits limits;
  limits.cpu_max = std::chrono::milliseconds(20);
  const auto [name, file] = GENERATE_COPY(table<std::string, std::string>({
      {"an interlaced PNG", png({8192, 8192, 8, 0, 1}, zlib_zeros(std::size_t{8300} * 8192))},
      {"a PNG", png({8192, 8192, 8, 2, 0}, zlib_zeros(std::size_t{8192} * 24577 + 258))},
      {"a progressive JPEG", test::progressive_jpeg(2048, 2000)},
      {"a GIF", test::black_gif(8000)},
  }));
  if (!test::is_read(file)) return;
  const Cost cost = decode_in_child(file, limits);
  std::cout << name << " may take 20 ms and took " << cost.elapsed_ms << " ms\n";
  CAPTURE(name);
  CHECK(cost.refused);
  CHECK(cost.reason == RefusalReason::too_slow);
}

TEST_CASE("a GIF whose codes stand for as many pixels as possible is read", "[image]") {
  const std::string file = test::black_gif(1000);
  if (!test::is_read(file)) return;
  const auto result = test::decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<worker::Image>(result));
  const auto& rgb = std::get<worker::Image>(result).rgb;
  CHECK(rgb.size() == 3'000'000);
  CHECK(std::ranges::count(rgb, 0) == 3'000'000);
}

TEST_CASE("an image may be as long as its format allows, if its pixels are few", "[image]") {
  const auto result = test::decode_upright(
      test::as_bytes(png({193, 31237}, zlib_zeros(std::size_t{31237} * 580 + 258))), {}, true);
  REQUIRE(std::holds_alternative<worker::Image>(result));
  CHECK(std::get<worker::Image>(result).height == 31237);
}

TEST_CASE("a PNG that inflates to more than its header says doesn't take more memory", "[image]") {
  const std::string file = png({}, zlib_zeros(std::size_t{1} << 30));
  CHECK(file.size() < (std::size_t{5} << 18));
  CHECK(
      std::holds_alternative<worker::Image>(test::decode_upright(test::as_bytes(file), {}, true)));
  if (memory_is_measurable) CHECK(decode_in_child(file, {}).grown_bytes < 64 * mib);
}

TEST_CASE("a PNG that inflates to less than its header says is refused", "[image]") {
  CHECK(refusal_of(png({}, zlib_zeros(10))).reason == RefusalReason::unreadable);
}

TEST_CASE("impossible sizes in a header are refused", "[image]") {
  const auto [name, offset, bytes] = GENERATE(table<std::string, std::size_t, std::string>({
      {"rgb.bmp", 18, "\xFF\xFF\xFF\x7F"s},    // width 2147483647
      {"rgb.bmp", 18, "\0\0\0\x80"s},          // width -2147483648
      {"rgb.bmp", 22, "\0\0\0\x80"s},          // height -2147483648
      {"animated.webp", 24, "\xFF\xFF\xFF"s},  // canvas width 16777216
  }));
  CAPTURE(name, offset);
  CHECK(refusal_of(patched(read_image_fixture(name), offset, bytes)).reason ==
        RefusalReason::too_many_pixels);
}

TEST_CASE("a JPEG that claims 65500x65500 pixels is refused", "[image]") {
  const std::string file = read_image_fixture("rgb_420.jpg");
  const std::size_t frame = file.find("\xFF\xC0");
  REQUIRE(frame != std::string::npos);
  CHECK(refusal_of(patched(file, frame + 5, "\xFF\xDC\xFF\xDC")).reason ==
        RefusalReason::too_many_pixels);
}

TEST_CASE("a PNG of 16000x16000 pixels is refused", "[image]") {
  const Refusal refusal = refusal_of(png({16000, 16000}, zlib_zeros(1000)));
  CHECK(refusal ==
        Refusal{RefusalReason::too_many_pixels,
                "The image has 16000x16000 pixels. The limit is 67 megapixels, and 65535 "
                "pixels on a side."});
}

TEST_CASE("a progressive JPEG may have any number of scans that its time allows", "[image]") {
  const std::string file = test::progressive_jpeg(64, 200);
  CHECK(
      std::holds_alternative<worker::Image>(test::decode_upright(test::as_bytes(file), {}, true)));
  worker::DecodeLimits limits;
  limits.cpu_max = std::chrono::milliseconds(5);
  CHECK(
      refusal_of(test::progressive_jpeg(1024, 20'000), limits) ==
      Refusal{RefusalReason::too_slow,
              "Decoding the image takes more than 5 ms of processor time. Send a smaller image."});
}

TEST_CASE("a progressive JPEG's coefficients count against the memory limit", "[image]") {
  const std::string file = read_image_fixture("progressive.jpg");
  worker::DecodeLimits limits;
  // Enough for the image twice, but not for 84 blocks of 128 bytes as well.
  limits.memory_bytes_max = 2 * 17 * 97 * 3;
  CHECK(refusal_of(file, limits).reason == RefusalReason::too_many_pixels);
}

}  // namespace samoyed
