#pragma once

#include <optional>
#include <string>
#include <vector>

#include "samoyed/io/log_format.hpp"
#include "worker/announce/announce_options.hpp"

namespace samoyed::worker {

/// What a worker tells samoyed-announcer on its command line.
struct AnnouncerArguments {
  AnnounceOptions options;
  io::LogFormat log_format = io::LogFormat::text;
};

/// The words of the command line after the program's name.
std::vector<std::string> announcer_words(const AnnouncerArguments& arguments);

/// Returns std::nullopt if a worker didn't make this command line.
std::optional<AnnouncerArguments> parse_announcer_arguments(int argc, char** argv);

}  // namespace samoyed::worker
