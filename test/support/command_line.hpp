#pragma once

#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace samoyed::test {

/// A program's command line, parsed by its `parse_options`.
template <typename Options>
struct CommandLine {
  using Parse = std::optional<Options> (*)(int argc, char** argv, int& exit_status);

  /// `line` holds the arguments, separated by spaces.
  CommandLine(Parse parse, const std::string& line) {
    std::vector<std::string> words{"program"};
    std::istringstream stream(line);
    for (std::string word; stream >> word;) words.push_back(word);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    options = parse(static_cast<int>(arguments.size()), arguments.data(), exit_status);
  }

  /// std::nullopt if the program has to exit immediately with `exit_status`.
  std::optional<Options> options;
  int exit_status = -1;
};

}  // namespace samoyed::test
