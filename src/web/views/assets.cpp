#include "web/views/assets.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "samoyed_web_files.hpp"
#include "web/http/http_message.hpp"

namespace samoyed::web {

const Asset* find_asset(std::string_view name) {
  constexpr std::string_view script = "text/javascript; charset=utf-8";
  constexpr std::string_view style = "text/css; charset=utf-8";
  static const Asset assets[] = {
      {"answer.css", style, files::answer_css},
      {"app.js", script, files::app_js},
      {"base_path.js", script, files::base_path_js},
      {"cards.css", style, files::cards_css},
      {"chart-licence.txt", "text/plain; charset=utf-8", files::LICENSE_md},
      {"chart.umd.js", script, files::chart_umd_js},
      {"choices.js", script, files::choices_js},
      {"dropped_files.js", script, files::dropped_files_js},
      {"icon.svg", "image/svg+xml", files::icon_svg},
      {"image_upload.js", script, files::image_upload_js},
      {"image_card.js", script, files::image_card_js},
      {"image_list.js", script, files::image_list_js},
      {"results.css", style, files::results_css},
      {"results.js", script, files::results_js},
      {"stats.css", style, files::stats_css},
      {"stats.js", script, files::stats_js},
      {"style.css", style, files::style_css},
      {"texts.js", script, files::texts_js},
      {"upload.css", style, files::upload_css},
      {"upload_gate.js", script, files::upload_gate_js},
      {"upload_queue.js", script, files::upload_queue_js},
      {"upload_request.js", script, files::upload_request_js},
      {"worker_changes.js", script, files::worker_changes_js},
      {"worker_feed.js", script, files::worker_feed_js},
      {"worker_table.js", script, files::worker_table_js},
      {"workers.css", style, files::workers_css},
  };
  const auto* const found = std::find_if(std::begin(assets), std::end(assets),
                                         [&](const Asset& asset) { return asset.name == name; });
  return found == std::end(assets) ? nullptr : found;
}

std::string entity_tag(const Asset& asset) {
  // 64-bit FNV-1a (draft-eastlake-fnv). It only has to distinguish versions of our own files.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : asset.bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, hash, 16);
  return '"' + std::string(digits, end.ptr) + '"';
}

bool matches(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    const std::size_t end = std::min(if_none_match.find(','), if_none_match.size());
    std::string_view candidate = trimmed(if_none_match.substr(0, end));
    if (candidate.starts_with("W/")) candidate.remove_prefix(2);
    if (candidate == tag || candidate == "*") return true;
    if_none_match.remove_prefix(std::min(end + 1, if_none_match.size()));
  }
  return false;
}

}  // namespace samoyed::web
