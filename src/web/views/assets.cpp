#include "web/views/assets.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "samoyed_web_files.hpp"
#include "web/http/http_message.hpp"

namespace samoyed::web {

namespace {

/// All assets, in the order of their names.
const std::vector<Asset>& all_assets() {
  constexpr std::string_view script = "text/javascript; charset=utf-8";
  constexpr std::string_view style = "text/css; charset=utf-8";
  static const std::vector<Asset> assets = {
      {"answer.css", style, files::answer_css, files::answer_css_gz},
      {"api.css", style, files::api_css, files::api_css_gz},
      {"api.js", script, files::api_js, files::api_js_gz},
      {"app.js", script, files::app_js, files::app_js_gz},
      {"base_path.js", script, files::base_path_js, files::base_path_js_gz},
      {"cards.css", style, files::cards_css, files::cards_css_gz},
      {"chart-licence.txt", "text/plain; charset=utf-8", files::LICENSE_md, files::LICENSE_md_gz},
      {"chart.umd.js", script, files::chart_umd_js, files::chart_umd_js_gz},
      {"choices.js", script, files::choices_js, files::choices_js_gz},
      {"dropped_files.js", script, files::dropped_files_js, files::dropped_files_js_gz},
      {"icon.svg", "image/svg+xml", files::icon_svg, files::icon_svg_gz},
      {"image_upload.js", script, files::image_upload_js, files::image_upload_js_gz},
      {"image_card.js", script, files::image_card_js, files::image_card_js_gz},
      {"image_list.js", script, files::image_list_js, files::image_list_js_gz},
      {"results.css", style, files::results_css, files::results_css_gz},
      {"results.js", script, files::results_js, files::results_js_gz},
      {"stats.css", style, files::stats_css, files::stats_css_gz},
      {"stats.js", script, files::stats_js, files::stats_js_gz},
      {"style.css", style, files::style_css, files::style_css_gz},
      {"texts.js", script, files::texts_js, files::texts_js_gz},
      {"upload.css", style, files::upload_css, files::upload_css_gz},
      {"upload_gate.js", script, files::upload_gate_js, files::upload_gate_js_gz},
      {"upload_queue.js", script, files::upload_queue_js, files::upload_queue_js_gz},
      {"upload_request.js", script, files::upload_request_js, files::upload_request_js_gz},
      {"worker_changes.js", script, files::worker_changes_js, files::worker_changes_js_gz},
      {"worker_feed.js", script, files::worker_feed_js, files::worker_feed_js_gz},
      {"worker_table.js", script, files::worker_table_js, files::worker_table_js_gz},
      {"workers.css", style, files::workers_css, files::workers_css_gz},
  };
  return assets;
}

/// 64-bit FNV-1a (draft-eastlake-fnv). It only has to distinguish versions of our own files.
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::string text() const {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, hash_, 16);
    const std::string text(digits, end.ptr);
    return std::string(sizeof digits - text.size(), '0') + text;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

/// Returns true if the text could be the version of another build of this program.
bool is_version(std::string_view text) {
  return text.size() == asset_version().size() &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

const std::string& asset_version() {
  static const std::string version = [] {
    Hash hash;
    for (const Asset& asset : all_assets()) {
      hash.add(asset.name);
      hash.add(asset.bytes);
    }
    return hash.text();
  }();
  return version;
}

std::string asset_path(std::string_view name) {
  return "/assets/" + asset_version() + "/" + std::string(name);
}

const Asset* find_asset(std::string_view name) {
  const auto& assets = all_assets();
  const auto found = std::ranges::find(assets, name, &Asset::name);
  return found == assets.end() ? nullptr : &*found;
}

FoundAsset find_asset_at(std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == path.npos || !is_version(path.substr(0, slash))) return {find_asset(path), false};
  return {find_asset(path.substr(slash + 1)), path.substr(0, slash) == asset_version()};
}

std::string entity_tag(std::string_view bytes) {
  Hash hash;
  hash.add(bytes);
  return '"' + hash.text() + '"';
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
