#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::web {

using WorkerRows = std::vector<dispatcher::WorkerRow>;

/// What the page with the table is made of. The views need live only for the call.
struct ResultView {
  /// As the browser sent it; may be empty.
  std::string_view file_name;
  const dispatcher::Answer& answer;
  /// Of the picture, for showing it: `image/jpeg`; empty where it is not shown again.
  std::string_view preview_type;
  /// The picture in base64.
  std::string_view preview_base64;
};

/// All pages are whole HTML documents. Every text is escaped; every page shows the workers, and a
/// loud notice if one of them has an untrained network.
std::string form_page(const WorkerRows& workers);
std::string result_page(const ResultView& view, const WorkerRows& workers);

/// `heading` in large letters, `sentence` below it, for what went well and what didn't. `status` is
/// shown small; 200 isn't.
std::string message_page(int status, std::string_view heading, std::string_view sentence,
                         const WorkerRows& workers);

/// 0.93009 as `93.009%`: always three decimals; what is no number in 0..1 is brought there.
std::string percent_text(double probability);

}  // namespace samoyed::web
