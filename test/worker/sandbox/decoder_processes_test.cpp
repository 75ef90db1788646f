#include "worker/sandbox/decoder_processes.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/wire.hpp"
#include "support/sanitized.hpp"
#include "support/wait.hpp"
#include "worker/image/resize.hpp"
#include "worker/sandbox/listener.hpp"
#include "worker/sandbox/sandbox.hpp"
#include "worker/test_images/image_fixtures.hpp"

using namespace samoyed;
using namespace samoyed::worker;

namespace {

const char* const planted_decoder = SAMOYED_PLANTED_DECODER;
const char* const true_decoder = SAMOYED_DECODER;

std::string planted(const std::string& word, int number = 0) {
  return std::string("\x89PNG\r\n\x1A\n") + "planted:" + word + ":" + std::to_string(number);
}

std::string detail_of(const DecodeResult& result) {
  const auto* const refusal = std::get_if<protocol::Refusal>(&result);
  if (refusal == nullptr) return "an image";
  return std::string(to_string(refusal->reason)) + ": " + refusal->detail;
}

DecodeResult decode(DecoderProcesses& processes, const std::string& file,
                    const DecodeOptions& options = {}) {
  return processes.decode(test::as_bytes(file), {}, options, {});
}

/// Whether an image from a process is that which was decoded here, or the network's input made of
/// it.
bool agree(const DecodedImage& here, const DecodedImage& there) {
  Resizer resizer;
  return here.full == there.full && here.decoded == there.decoded &&
         here.orientation == there.orientation &&
         there.pixels == (there.is_input ? resizer.resize_and_crop(here) : here.pixels) &&
         resizer.resize_and_crop(here) == Resizer().resize_and_crop(there);
}

/// The running processes that `parent` has started.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    pid_t process = 0;
    std::string name;
    char state = 0;
    pid_t its_parent = 0;
    // Only processes have this file, and the names of decoders have no blanks.
    if (file >> process >> name >> state >> its_parent && its_parent == parent && state != 'Z') {
      children.push_back(process);
    }
  }
  return children;
}

/// The processes in which images are decoded. The program starts them by forking.
std::vector<pid_t> running_decoders() {
  std::vector<pid_t> decoders;
  for (const pid_t program : children_of(getpid())) {
    for (const pid_t decoder : children_of(program)) decoders.push_back(decoder);
  }
  return decoders;
}

void wait_for_no_decoder() {
  const test::Wait wait("the end of all decoder processes");
  while (!running_decoders().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

bool next_image_is_right(DecoderProcesses& processes) {
  const std::string file = test::read_image_fixture("rgb.png");
  const auto here = decode_image(test::as_bytes(file), {}, {});
  const auto there = decode(processes, file);
  return std::holds_alternative<DecodedImage>(there) &&
         std::get<DecodedImage>(here).pixels == std::get<DecodedImage>(there).pixels;
}

}  // namespace

TEST_CASE("a decoder process gives the same pixels and refusals as decoding in this process") {
  DecoderProcesses processes(true_decoder, 1, {}, {});
  for (const char* const name :
       {"rgb.png", "palette.png", "exif_6.png", "exif_6.jpg", "rgb_420.jpg", "tall_420.jpg",
        "lossy.webp", "palette.bmp", "palette_beyond.png", "rgb.dib"}) {
    const std::string file = test::read_image_fixture(name);
    for (const bool only_crop : {false, true}) {
      INFO(name << ", only crop: " << only_crop);
      const DecodeOptions options{.only_crop = only_crop};
      const auto here = decode_image(test::as_bytes(file), {}, {});
      const auto there = decode(processes, file, options);
      REQUIRE(here.index() == there.index());
      if (std::holds_alternative<DecodedImage>(here)) {
        CHECK(std::get<DecodedImage>(there).is_input == only_crop);
        CHECK(agree(std::get<DecodedImage>(here), std::get<DecodedImage>(there)));
      } else {
        CHECK(detail_of(here) == detail_of(there));
      }
    }
  }
}

TEST_CASE("what a taken-over decoder tries fails, and the next image is right") {
  if (enter_sandbox_is_left_out()) {
    WARN("skipped: needs a build without sanitizers");
    return;
  }
  const test::Listener listener;
  DecoderProcesses processes(planted_decoder, 1, {}, {});
  const struct {
    const char* word;
    int number;
  } attempts[] = {{"open", 0},
                  {"connect", listener.port()},
                  {"execute", 0},
                  {"fork", 0},
                  {"trace", getpid()},
                  {"kill", getpid()},
                  {"read memory", getpid()},
                  {"write elsewhere", 0},
                  {"map executable", 0},
                  {"allocate", 0}};
  for (const auto& attempt : attempts) {
    INFO(attempt.word);
    CHECK(detail_of(decode(processes, planted(attempt.word, attempt.number))) ==
          "unreadable: it failed");
    CHECK(next_image_is_right(processes));
  }
}

TEST_CASE("a decoder that crashes or never ends costs its image only") {
  const std::string refusal =
      "unreadable: The image's decoder failed, or took too much time. The image may be damaged.";
  SECTION("a crash, several times") {
    DecoderProcesses processes(planted_decoder, 2, {}, {});
    for (int i = 0; i < 5; ++i) {
      CHECK(detail_of(decode(processes, planted("crash"))) == refusal);
      CHECK(next_image_is_right(processes));
    }
  }
  SECTION("its CPU time ends it") {
    if (!test::signals_interrupt_loops) {
      WARN("skipped: needs a build without ThreadSanitizer");
      return;
    }
    DecoderProcesses processes(
        planted_decoder, 1, {},
        {.cpu_max = std::chrono::milliseconds(50), .time_max = std::chrono::minutes(5)});
    CHECK(detail_of(decode(processes, planted("loop"))) ==
          "too slow: Decoding the image takes too much processor time. Send a smaller image.");
    CHECK(next_image_is_right(processes));
  }
  SECTION("the clock ends it") {
    const test::Wait wait("a decoder's time to be over");
    DecoderProcesses processes(
        planted_decoder, 1, {},
        {.cpu_max = std::chrono::minutes(5), .time_max = std::chrono::milliseconds(300)});
    CHECK(detail_of(decode(processes, planted("loop"))) == refusal);
    wait_for_no_decoder();
  }
}

TEST_CASE("a decoder that ended while it was idle is replaced") {
  DecoderProcesses processes(planted_decoder, 1, {}, {});
  REQUIRE(running_decoders().size() == 1);
  kill(running_decoders().at(0), SIGKILL);
  wait_for_no_decoder();
  CHECK(next_image_is_right(processes));
}

TEST_CASE("a file that is too large for the memory it would be passed in is refused") {
  const std::string file = test::read_image_fixture("rgb.png");
  DecoderProcesses processes(true_decoder, 1, {}, {.image_bytes_max = file.size() - 1});
  CHECK(detail_of(decode(processes, file)) == "too large: The file is too large for its decoder.");
}

TEST_CASE("several threads decode at once, more than there are processes") {
  DecoderProcesses processes(planted_decoder, 1, {}, {});
  std::vector<int> right(4, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < right.size(); ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < 10; ++round) {
          if (i == 0) decode(processes, planted("crash"));
          right[i] += next_image_is_right(processes) ? 1 : 0;
        }
      });
    }
  }
  CHECK(right == std::vector<int>(4, 10));
}

TEST_CASE("a missing decoder program is reported when the worker starts") {
  CHECK_THROWS_WITH(DecoderProcesses("/nowhere/samoyed-decoder", 1, {}, {}),
                    Catch::Contains("can't start /nowhere/samoyed-decoder: No such file"));
  CHECK_THROWS_WITH(DecoderProcesses("/bin/true", 1, {}, {}),
                    Catch::Contains("it starts no decoder process"));
}
