#include "samoyed/io/command_line.hpp"

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/option_checks.hpp"

using namespace samoyed;

namespace {

/// A program with an option of each kind.
struct ToolOptions {
  std::string address;
  std::uint16_t port = 9;
  std::vector<std::string> workers;
  std::string mode = "fast";
  bool exif = true;
  std::vector<float> mean;
  double rate = 1.5;
  std::chrono::milliseconds wait{250};
};

/// What the program did with a command line.
struct ToolRun {
  explicit ToolRun(std::vector<std::string> words) {
    CLI::App app{"Does what tools do.", "tool"};
    io::prepare_command_line(app);
    app.add_option("ADDRESS", options.address, "Address to listen on")->required();
    app.add_option("--port", options.port, "Port to listen on")->check(io::port_range(1));
    app.add_option("--worker", options.workers, "Address of a worker")
        ->allow_extra_args(false)
        ->type_name("HOST:PORT");
    app.option_defaults()->group("Details");
    app.add_option("--mode", options.mode, "How to work")
        ->type_name("MODE")
        ->check(io::one_of({"fast", "exact", "both"}));
    auto* const no_exif = app.add_flag("!--no-exif", options.exif,
                                       "Ignore what a picture says about its orientation, which "
                                       "takes more than a single line to explain");
    app.add_option("--mean", options.mean, "Mean of each channel")
        ->type_name("R,G,B")
        ->expected(3)
        ->delimiter(',')
        ->excludes(no_exif);
    app.add_option("--rate", options.rate, "Images per second")->check(io::number_range(0.5, 1000));
    io::add_milliseconds_option(app, "--wait-ms-max", options.wait, "Longest pause");
    app.add_option("--hidden", options.mode)->group("");
    words.insert(words.begin(), "/usr/bin/renamed");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    std::ostringstream printed, errors;
    std::streambuf* const standard_output = std::cout.rdbuf(printed.rdbuf());
    std::streambuf* const standard_error = std::cerr.rdbuf(errors.rdbuf());
    status = io::parse_command_line(app, static_cast<int>(arguments.size()), arguments.data());
    std::cout.rdbuf(standard_output);
    std::cerr.rdbuf(standard_error);
    output = printed.str();
    error = errors.str();
  }

  ToolOptions options;
  std::optional<int> status;
  std::string output;
  std::string error;
};

}  // namespace

TEST_CASE("a right command line sets its options, and the program goes on") {
  const ToolRun run({"::1", "--port", "7", "--worker", "a:1", "--worker", "b:2", "--no-exif"});
  CHECK_FALSE(run.status);
  CHECK(run.options.port == 7);
  CHECK(run.options.workers == std::vector<std::string>{"a:1", "b:2"});
  CHECK_FALSE(run.options.exif);
}

TEST_CASE("a wrong command line ends with status 2 and a sentence that names the mistake") {
  struct Row {
    std::vector<std::string> words;
    std::string sentence;
  };
  for (const auto& [words, sentence] : std::vector<Row>{
           {{}, "ADDRESS is required"},
           {{"--wroker", "x"}, "unknown option --wroker; did you mean --worker?"},
           {{"a", "--wroker=x"}, "unknown option --wroker; did you mean --worker?"},
           {{"a", "--prot", "41997"}, "unknown option --prot; did you mean --port?"},
           {{"a", "--prot", "1", "--port", "x"}, "unknown option --prot; did you mean --port?"},
           {{"a", "--hiden", "x"}, "unknown option --hiden"},
           {{"a", "b"}, "unexpected argument b"},
           {{"a", "--port", "99999"}, "--port must be from 1 to 65535, not 99999"},
           {{"a", "--port", "x"}, "--port must be a whole number from 1 to 65535, not x"},
           {{"a", "--port", "-1"}, "--port must be from 1 to 65535, not -1"},
           {{"a", "--port"}, "--port needs a value"},
           {{"a", "--port", "1", "--port", "2"}, "--port can be given only once"},
           {{"a", "--mode", "slow"}, "--mode must be one of fast, exact, both, not slow"},
           {{"a", "--rate", "0"}, "--rate must be from 0.5 to 1000, not 0"},
           {{"a", "--rate", "nan"}, "--rate must be a number from 0.5 to 1000, not nan"},
           {{"a", "--mean", "1,2"}, "--mean needs 3 values"},
           {{"a", "--mean", "1,2,3", "--no-exif"}, "--no-exif can't be used together with --mean"},
           {{"a", "--wait-ms-max", "0"}, "--wait-ms-max must be from 1 to 3600000, not 0"}}) {
    const ToolRun run(words);
    CHECK(run.status == io::exit_usage);
    CHECK(run.error == "tool: " + sentence + "\nRun 'tool --help' for the options.\n");
    CHECK(run.output.empty());
  }
}

TEST_CASE("--help shows the options without a group, and where the others are") {
  const ToolRun run({"--help"});
  CHECK(run.status == 0);
  CHECK(run.error.empty());
  CHECK(run.output == R"(Does what tools do.

Usage: tool [OPTIONS] ADDRESS

Arguments:
  ADDRESS                     Address to listen on [required]

Options:
  -h, --help                  Print the most important options and exit
  --help-all                  Print all options and exit
  --version                   Print the version and exit
  --port N                    Port to listen on [range: 1 to 65535] [default: 9]
  --worker HOST:PORT          Address of a worker [repeatable]

--help-all shows more options: Details.


)");
}

TEST_CASE("the option --help-all shows every option in lines of at most 80 columns") {
  const ToolRun run({"--help-all"});
  CHECK(run.status == 0);
  CHECK(run.output.ends_with(R"(
Details:
  --mode MODE                 How to work [values: fast, exact, both]
                              [default: fast]
  --no-exif                   Ignore what a picture says about its orientation,
                              which takes more than a single line to explain
                              [not with: --mean]
  --mean R,G,B                Mean of each channel [not with: --no-exif]
  --rate N                    Images per second [range: 0.5 to 1000]
                              [default: 1.5]
  --wait-ms-max MS            Longest pause [range: 1 to 3600000] [default: 250]


)"));
  std::istringstream lines(run.output);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
}

TEST_CASE("the option --version prints the version") {
  const ToolRun run({"--version"});
  CHECK(run.status == 0);
  CHECK(run.output == SAMOYED_VERSION "\n");
}
