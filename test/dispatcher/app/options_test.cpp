#include "dispatcher/app/options.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include <asio/ip/host_name.hpp>
#include <catch2/catch.hpp>

#include "support/command_line.hpp"

namespace samoyed::dispatcher {
namespace {

struct CommandLine : test::CommandLine<Options> {
  explicit CommandLine(const std::string& line) : test::CommandLine<Options>(parse_options, line) {}
};

TEST_CASE("without arguments the dispatcher serves only this machine and stores nothing") {
  const CommandLine line("");
  REQUIRE(line.options);
  CHECK(line.options->address == "127.0.0.1");
  CHECK(line.options->port == 9999);
  CHECK(line.options->workers.empty());
  CHECK(line.options->storage.folder.empty());
  CHECK(line.options->web.access.admin_token.empty());
}

TEST_CASE("options for workers, timeouts and limits set the right values") {
  const CommandLine line(
      "--worker localhost:8888 --worker [::1]:7777 --port 0 --request-timeout-ms 1500 "
      "--result-timeout-ms 700 --connections-max 3");
  REQUIRE(line.options);
  CHECK(line.options->workers ==
        std::vector<protocol::Address>{{"localhost", 8888}, {"::1", 7777}});
  CHECK(line.options->port == 0);
  CHECK(line.options->web.timeouts.request == std::chrono::milliseconds(1500));
  CHECK(line.options->dispatch.timeouts.result == std::chrono::milliseconds(700));
  CHECK(line.options->web.limits.connections_max == 3);
}

TEST_CASE("history and jobs are kept in a folder or in a database") {
  const CommandLine line("--store postgresql://host/db --instance-name a");
  REQUIRE(line.options);
  CHECK(line.options->storage.url == "postgresql://host/db");
  CHECK(line.options->storage.instance_name == "a");
  CHECK_FALSE(CommandLine("--store postgresql://host/db --data-dir /srv").options);
  CHECK(line.options->web.instance_name == "a");
  CHECK(CommandLine("--store postgresql://host/db").options->web.instance_name ==
        asio::ip::host_name());
  CHECK_FALSE(CommandLine("--instance-name a").options);
  CHECK_FALSE(CommandLine("--store postgresql://host/db --instance-name a\tb").options);
  CHECK_FALSE(
      CommandLine("--store postgresql://host/db --instance-name " + std::string(101, 'a')).options);
  CHECK_FALSE(CommandLine("--store postgresql://host/db --state f").options);
  setenv("SAMOYED_STORE", "postgresql://host/other", 1);
  const CommandLine with_variable("--instance-name a");
  unsetenv("SAMOYED_STORE");
  REQUIRE(with_variable.options);
  CHECK(with_variable.options->storage.url == "postgresql://host/other");
}

TEST_CASE("a base path begins with a slash and ends without one") {
  REQUIRE(CommandLine("--base-path /tools/samoyed/").options);
  CHECK(CommandLine("--base-path /tools/samoyed/").options->web.access.base_path ==
        "/tools/samoyed");
  CHECK(CommandLine("--base-path /").options->web.access.base_path.empty());
  for (const std::string wrong : {"samoyed", "//samoyed", "/a//b", "/../a", "/a?b", "/a\"b"}) {
    INFO(wrong);
    CHECK_FALSE(CommandLine("--base-path " + wrong).options);
  }
}

TEST_CASE("the default model is the first trained one, or the one that is named") {
  using Rule = DefaultModel::Rule;
  REQUIRE(CommandLine("").options);
  CHECK(CommandLine("").options->default_model.rule == Rule::first_trained);
  const CommandLine named("--default-model resnet18");
  REQUIRE(named.options);
  CHECK(named.options->default_model.rule == Rule::named);
  CHECK(named.options->default_model.name == "resnet18");
  CHECK(CommandLine("--default-model " + std::string(256, 'm')).options);
  CHECK_FALSE(CommandLine("--default-model " + std::string(257, 'm')).options);
}

TEST_CASE("workers may be only in the given networks") {
  const CommandLine line("--worker-network 10.0.0.0/8");
  REQUIRE(line.options);
  const auto& may_connect = line.options->dispatch.may_connect;
  CHECK(may_connect(asio::ip::make_address("10.1.2.3")));
  CHECK_FALSE(may_connect(asio::ip::make_address("192.168.0.1")));
}

TEST_CASE("a wrong command line ends the program with an error, help and version do not") {
  for (const char* const wrong : {"--worker localhost", "--port 65536", "--request-timeout-ms 0",
                                  "--worker-network 10.0.0.0/33", "--no-such-option"}) {
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
}  // namespace samoyed::dispatcher
