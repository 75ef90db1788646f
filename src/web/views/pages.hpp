#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/views/template.hpp"
#include "web/views/worker_panel.hpp"

namespace samoyed::web {

/// The parts of the site, which every page links to.
enum class Tab { none, form, results, statistics, api };

/// The parts of a page around its content. The title only has to live for the call.
struct Frame {
  std::string_view title;
  /// The part of the site that is marked as open.
  Tab tab = Tab::none;
  /// File names of style sheets that the page loads in addition to those of every page.
  std::vector<std::string_view> styles = {};
  /// File names of additional scripts.
  std::vector<std::string_view> scripts = {};
};

/// The content of the page with the table of labels. The views only have to live for the call.
struct ResultView {
  /// The file name as the browser sent it. It may be empty.
  std::string_view file_name;
  const dispatcher::Answer& answer;
  /// The image's media type, such as `image/jpeg`. It is empty if the page doesn't show the image.
  std::string_view preview_type;
  /// The image in base64.
  std::string_view preview_base64;
};

/// One of several images that were sent together. The views only have to live for the call.
struct ImageResultView {
  /// As in ResultView. `preview_type` is empty if the image was not recognized.
  std::string_view file_name;
  std::string_view preview_type;
  std::string_view preview_base64;
  /// Null if the image was not recognized. `sentence` then says why.
  const dispatcher::Answer* answer = nullptr;
  std::string sentence = {};
};

/// The page with the upload form.
///
/// All pages are complete HTML documents, and every text in them is escaped. Every page shows the
/// workers to anyone who may see them. The form has a list of networks if there are several. An
/// answer of an untrained network has a prominent notice.
std::string form_page(const WorkersView& workers);

/// The page with the result of one image.
std::string result_page(const ResultView& view, const WorkersView& workers);

/// The page with the results of several images, in the order of `images`.
std::string results_page(std::span<const ImageResultView> images, const WorkersView& workers);

/// A page that reports success or failure: a large `heading` with `sentence` below it. `status` is
/// shown in small letters unless it is 200.
std::string message_page(int status, std::string_view heading, std::string_view sentence,
                         const WorkersView& workers);

/// A page with a button that sends the request again with POST. `target` is a path of this server,
/// and `sentence` says why the request must be confirmed. The page doesn't show the workers.
std::string confirm_page(int status, std::string_view sentence, std::string_view target);

/// The HTML document around `content`.
std::string whole_page(const Frame& frame, const Html& content, const WorkersView& workers);

/// What a page says first about an answer: a headline, and what it adds in smaller type.
struct Headline {
  std::string text;
  std::string detail;
  /// The best label is too unlikely for a headline.
  bool unsure = false;
};

/// Returns the headline over ranked labels. assets/image_card.js has the same words.
Headline headline_of(std::span<const protocol::RankedLabel> labels, double unsure_below);

/// The rows of the table in labels.html.
std::vector<Values> label_rows(std::span<const protocol::RankedLabel> labels);

/// A link in a list. `current` marks it as the page that is shown. `path` is a path of this server.
Values link(std::string path, std::string_view name, bool current);

}  // namespace samoyed::web
