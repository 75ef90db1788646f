#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/views/template.hpp"
#include "web/views/worker_panel.hpp"

namespace samoyed::web {

/// The parts that every page links to.
enum class Tab { none, form, results, statistics, api };

/// What surrounds the content of a page. The title need live only for the call.
struct Frame {
  std::string_view title;
  /// Marked as the one that is open.
  Tab tab = Tab::none;
  /// Assets of its own, besides those of all pages.
  std::vector<std::string_view> styles = {};
  std::vector<std::string_view> scripts = {};
};

/// What the page with the table is made of. The views need live only for the call.
struct ResultView {
  /// As the browser sent it; may be empty.
  std::string_view file_name;
  const dispatcher::Answer& answer;
  /// Of the image, for showing it: `image/jpeg`; empty where it is not shown again.
  std::string_view preview_type;
  /// The image in base64.
  std::string_view preview_base64;
};

/// One of several images that were sent together. The views need live only for the call.
struct ImageResultView {
  /// As ResultView has them; `preview_type` empty where it was not recognized.
  std::string_view file_name;
  std::string_view preview_type;
  std::string_view preview_base64;
  /// Null: it was not recognized, and `sentence` says why.
  const dispatcher::Answer* answer = nullptr;
  std::string sentence = {};
};

/// All pages are whole HTML documents. Every text is escaped; every page shows the workers to
/// anyone who may see them, and a loud notice to all if one of them has an untrained network.
std::string form_page(const WorkersView& workers);
std::string result_page(const ResultView& view, const WorkersView& workers);

/// The same for several images, with a part for each, in order.
std::string results_page(std::span<const ImageResultView> images, const WorkersView& workers);

/// `heading` in large letters, `sentence` below it, for what went well and what didn't. `status` is
/// shown small; 200 isn't.
std::string message_page(int status, std::string_view heading, std::string_view sentence,
                         const WorkersView& workers);

/// A button that sends `target`, a path of this server, again with POST, for anyone whom
/// `sentence` doesn't stop.
/// Shows nothing of the workers.
std::string confirm_page(int status, std::string_view sentence, std::string_view target);

/// A document around `content`.
std::string whole_page(const Frame& frame, const Html& content, const WorkersView& workers);

/// The rows of labels.html.
std::vector<Values> label_rows(std::span<const protocol::RankedLabel> labels);

/// A link in a list, marked where it leads to what is shown already. `path` is one of this server.
Values link(std::string path, std::string_view name, bool current);

}  // namespace samoyed::web
