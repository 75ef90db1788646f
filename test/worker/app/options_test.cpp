#include "worker/app/options.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/image_formats.hpp"
#include "support/command_line.hpp"
#include "worker/decoders/image_decoder.hpp"

namespace samoyed::worker {
namespace {

struct CommandLine : test::CommandLine<Options> {
  explicit CommandLine(const std::string& line) : test::CommandLine<Options>(parse_options, line) {}
};

TEST_CASE("a worker needs an address and a port, and by default serves no metrics") {
  const CommandLine line("127.0.0.1 8888");
  REQUIRE(line.options);
  CHECK(line.options->address == "127.0.0.1");
  CHECK(line.options->port == 8888);
  CHECK(line.options->model_file == "models/squeezenet1_1.pth");
  CHECK_FALSE(line.options->metrics_port);
  CHECK_FALSE(line.options->accept_truncated);
  CHECK(line.options->decode.cpu_max == std::chrono::milliseconds(2000));
}

TEST_CASE("limits and timeouts reach the parts that they are for") {
  const CommandLine line(
      "0.0.0.0 0 --ack-timeout-ms 1500 --queue-length-max 3 --image-pixels-max 1000 "
      "--image-bytes-max 2000 --metrics-port 0 --precision fp32 --decode-cpu-ms-max 700 "
      "--truncated accept");
  REQUIRE(line.options);
  CHECK(line.options->server.timeouts.ack == std::chrono::milliseconds(1500));
  CHECK(line.options->queue.queued_max == 3);
  CHECK(line.options->decode.pixels_max == 1000);
  CHECK(line.options->server.image_bytes_max == 2000);
  CHECK(line.options->decode.cpu_max == std::chrono::milliseconds(700));
  CHECK(line.options->accept_truncated);
  CHECK(line.options->metrics_port == 0);
  CHECK(line.options->precision == Precision::fp32);
}

TEST_CASE("a worker reads the formats that it is told to, by default all of the build") {
  const auto formats_of = [](const std::string& line) {
    const CommandLine parsed(line);
    REQUIRE(parsed.options);
    CHECK(parsed.options->server.formats == parsed.options->decode.formats);
    return protocol::image_format_ids(parsed.options->decode.formats);
  };
  CHECK(formats_of("127.0.0.1 0") == protocol::image_format_ids(built_formats()));
  CHECK(formats_of("127.0.0.1 0 --formats webp,jpeg") == std::vector<std::string>{"jpeg", "webp"});
  CHECK(formats_of("127.0.0.1 0 --formats png") == std::vector<std::string>{"png"});
}

TEST_CASE("a worker isolates the formats that it is told to") {
  const CommandLine none("127.0.0.1 0");
  REQUIRE(none.options);
  CHECK(none.options->isolate.none());
  const CommandLine two("127.0.0.1 0 --isolate png,bmp");
  REQUIRE(two.options);
  CHECK(protocol::image_format_ids(two.options->isolate) == std::vector<std::string>{"png", "bmp"});
}

TEST_CASE("a wrong command line exits with an error, --help and --version without one") {
  for (const char* const wrong :
       {"", "127.0.0.1", "127.0.0.1 65536", "127.0.0.1 0 --queue-timeout-ms 0",
        "127.0.0.1 0 --std 0.2,nan,0.2", "127.0.0.1 0 --no-such-option",
        "127.0.0.1 0 --decode-cpu-ms-max 0", "127.0.0.1 0 --truncated maybe",
        "127.0.0.1 0 --formats eps", "127.0.0.1 0 --formats png,eps", "127.0.0.1 0 --formats",
        "127.0.0.1 0 --isolate eps"}) {
    INFO(wrong);
    const CommandLine line(wrong);
    CHECK_FALSE(line.options);
    CHECK(line.exit_status != 0);
  }
  for (const char* const question : {"--help", "--version"}) {
    INFO(question);
    const CommandLine line(question);
    CHECK_FALSE(line.options);
    CHECK(line.exit_status == 0);
  }
}

}  // namespace
}  // namespace samoyed::worker
