#include "io/help_formatter.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace samoyed::io {
namespace {

constexpr std::size_t line_columns = 80;
/// The column in which meanings begin.
constexpr std::size_t meaning_column = 30;
/// The group of options that didn't get one.
constexpr const char* ungrouped = "Options";

/// Stands for a blank at which no line is broken.
constexpr char unbreakable_blank = '\x1F';
/// Longer notes may be broken.
constexpr std::size_t unbroken_note_columns_max = 36;

/// Breaks the text at blanks into lines that end before column 80. Lines after the first begin with
/// `indent` blanks; the first one is meant to begin in that column.
std::string wrap(std::string_view text, std::size_t indent) {
  std::istringstream words{std::string(text)};
  std::string lines;
  std::size_t column = indent;
  for (std::string word; words >> word;) {
    if (column > indent && column + 1 + word.size() > line_columns) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  std::ranges::replace(lines, unbreakable_blank, ' ');
  return lines;
}

/// What stands for a number in the usage: its unit, with which the option's name ends, or N.
std::string number_placeholder(const CLI::Option& option) {
  constexpr std::array units{"ms", "s", "seconds", "bytes", "px", "pixels", "days", "hours"};
  std::string name = option.get_single_name();
  for (const std::string_view ending : {"-per-second-min", "-max", "-min"}) {
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  for (const std::string_view unit : units) {
    if (!name.ends_with("-" + std::string(unit)) && name != unit) continue;
    std::string upper(unit);
    for (char& letter : upper) letter = static_cast<char>(std::toupper(letter));
    return upper;
  }
  return "N";
}

/// The type's name, without what checks add to it.
std::string placeholder(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::string name = type.substr(0, type.find(":["));
  return name == "INT" || name == "UINT" || name == "FLOAT" ? number_placeholder(option) : name;
}

/// A note in brackets, which isn't broken if it is short.
std::string note(const std::string& key, const std::string& text) {
  std::string note = "[" + key + ": " + text + "]";
  if (note.size() <= unbroken_note_columns_max) {
    std::ranges::replace(note, ' ', unbreakable_blank);
  }
  return " " + note;
}

/// The notes that checks add to the type's name.
std::string check_notes(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  std::string notes;
  for (std::size_t begin = type.find(":["); begin != type.npos;) {
    const std::size_t end = type.find(":[", begin + 1);
    const std::string text = type.substr(begin + 2, end == type.npos ? end : end - begin - 2);
    const std::size_t colon = text.find(": ");
    notes += note(text.substr(0, colon), text.substr(colon + 2, text.size() - colon - 3));
    begin = end;
  }
  return notes;
}

std::string names_of(const std::set<CLI::Option*>& options) {
  std::string names;
  for (const CLI::Option* option : options) {
    names += (names.empty() ? "" : ", ") + option->get_name();
  }
  return names;
}

/// The notes in brackets after the meaning.
std::string notes(const CLI::Option& option) {
  std::string notes = check_notes(option);
  if (const std::string text = option.get_default_str();
      option.get_type_size() != 0 && !option.get_required() && !text.empty() && text != "[]") {
    notes += note("default", text);
  }
  if (option.get_required()) notes += " [required]";
  if (option.get_expected_max() >= CLI::detail::expected_max_vector_size) notes += " [repeatable]";
  if (!option.get_needs().empty()) notes += note("needs", names_of(option.get_needs()));
  if (!option.get_excludes().empty()) notes += note("not with", names_of(option.get_excludes()));
  return notes;
}

/// An option's names and what to give, for example `-h, --help` or `--port N`.
std::string spelling(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  std::string names;
  for (const std::string& name : option.get_snames()) names += "-" + name + ", ";
  for (const std::string& name : option.get_lnames()) names += "--" + name + ", ";
  names.resize(names.size() - 2);
  return option.get_type_size() == 0 ? names : names + " " + placeholder(option);
}

std::string lines_of(const CLI::Option& option) {
  std::string lines = "  " + spelling(option);
  if (lines.size() + 2 > meaning_column) {
    lines += "\n" + std::string(meaning_column, ' ');
  } else {
    lines.resize(meaning_column, ' ');
  }
  return lines + wrap(option.get_description() + notes(option), meaning_column) + "\n";
}

std::string group_text(const std::string& title, const std::vector<const CLI::Option*>& options) {
  std::string text = options.empty() ? "" : "\n" + title + ":\n";
  for (const CLI::Option* option : options) text += lines_of(*option);
  return text;
}

std::string usage(const CLI::App& app) {
  std::string text = "Usage: " + app.get_name() + " [OPTIONS]";
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    text += " " + option->get_name(true);
    if (option->get_expected_max() >= CLI::detail::expected_max_vector_size) text += "...";
  }
  return text + "\n";
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string,
                                     CLI::AppFormatMode mode) const {
  std::string text = wrap(app->get_description(), 0) + "\n\n" + usage(*app);
  text += group_text("Arguments", app->get_options([](const CLI::Option* option) {
    return option->get_positional();
  }));
  std::string others;
  for (const std::string& group : app->get_groups()) {
    if (group.empty()) continue;  // The group of hidden options.
    if (mode != CLI::AppFormatMode::All && group != ungrouped) {
      others += (others.empty() ? "" : ", ") + group;
      continue;
    }
    text += group_text(group, app->get_options([&group](const CLI::Option* option) {
      return option->get_group() == group && option->nonpositional();
    }));
  }
  if (!others.empty()) {
    text += "\n" + wrap("--help-all shows more options: " + others + ".", 0) + "\n";
  }
  return text + "\n" + app->get_footer() + "\n";
}

}  // namespace samoyed::io
