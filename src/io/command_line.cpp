#include "samoyed/io/command_line.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/closest_word.hpp"
#include "io/help_formatter.hpp"

namespace samoyed::io {
namespace {

/// The argument that is no option of the program, or nothing at its place. Of several, the first
/// that looks like an option, because others may be the values of that one.
std::optional<std::string> unknown_argument(const CLI::App& app) {
  const std::vector<std::string> arguments = app.remaining();
  for (const std::string& argument : arguments) {
    if (argument.size() > 1 && argument.starts_with('-')) return argument;
  }
  if (arguments.empty()) return std::nullopt;
  return arguments.front();
}

std::vector<std::string> shown_option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string describe_unknown(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with('-')) return "unexpected argument " + argument;
  const std::string name = argument.substr(0, argument.find('='));
  const auto meant = closest_word(name, shown_option_names(app));
  return "unknown option " + name + (meant ? "; did you mean " + *meant + "?" : "");
}

std::string with_replaced(std::string text, std::string_view old, std::string_view fresh) {
  if (const std::size_t at = text.find(old); at != text.npos) {
    text.replace(at, old.size(), fresh);
  }
  return text;
}

/// How many values an option takes.
std::string describe_count(const CLI::App& app, const std::string& message) {
  const std::string name = message.substr(0, message.find(':'));
  const CLI::Option* const option = app.get_option_no_throw(name);
  const int least = option ? option->get_items_expected_min() : 1;
  if (least > 1) return name + " needs " + std::to_string(least) + " values";
  if (message.find("At Most") != message.npos) return name + " can be given only once";
  return name + " needs a value";
}

std::string describe(const CLI::App& app, const CLI::ParseError& error) {
  if (const auto unknown = unknown_argument(app)) return describe_unknown(app, *unknown);
  const std::string message = error.what();
  const std::string kind = error.get_name();
  if (kind == "ArgumentMismatch") return describe_count(app, message);
  if (kind == "RequiresError") return with_replaced(message, " requires ", " needs ");
  if (kind == "ExcludesError") {
    return with_replaced(message, " excludes ", " can't be used together with ");
  }
  return with_replaced(message, ": must ", " must ");
}

}  // namespace

void prepare_command_line(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "Print the most important options and exit");
  app.set_help_all_flag("--help-all", "Print all options and exit");
  app.set_version_flag("--version", SAMOYED_VERSION, "Print the version and exit");
  app.option_defaults()->always_capture_default();
}

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& question) {
    return app.exit(question);
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << describe(app, error) << "\nRun '" << app.get_name()
              << " --help' for the options.\n";
    return exit_usage;
  }
}

}  // namespace samoyed::io
