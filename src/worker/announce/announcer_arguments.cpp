#include "worker/announce/announcer_arguments.hpp"

#include "samoyed/io/parse_number.hpp"

namespace samoyed::worker {

std::vector<std::string> announcer_words(const AnnouncerArguments& arguments) {
  const AnnounceOptions& options = arguments.options;
  return {options.url, std::to_string(options.interval.count()), options.token_file.string(),
          options.ca_file.string(), arguments.log_format == io::LogFormat::json ? "json" : "text"};
}

std::optional<AnnouncerArguments> parse_announcer_arguments(int argc, char** argv) {
  constexpr int words = 6;
  if (argc != words) return std::nullopt;
  const auto interval_ms = io::parse_number<std::uint32_t>(argv[2]);
  if (!interval_ms) return std::nullopt;
  AnnouncerArguments arguments;
  arguments.options.url = argv[1];
  arguments.options.interval = std::chrono::milliseconds(*interval_ms);
  arguments.options.token_file = argv[3];
  arguments.options.ca_file = argv[4];
  arguments.log_format =
      std::string_view(argv[5]) == "json" ? io::LogFormat::json : io::LogFormat::text;
  return arguments;
}

}  // namespace samoyed::worker
