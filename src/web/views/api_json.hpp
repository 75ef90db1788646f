#pragma once

#include <string>
#include <string_view>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/http/http_message.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

// Values as the JSON texts of the API. Bytes that are no UTF-8 become U+FFFD. assets/openapi.json
// describes each text.

/// RFC 9457, with our reason's word and the request's id besides.
std::string problem_json(const Problem& problem, std::string_view request_id);

/// What a client of the Open Inference Protocol reads of a failure: `{"error":"..."}`.
std::string error_json(std::string_view sentence);

/// One recognition; the worker only with `worker_visible`.
std::string answer_json(const dispatcher::Answer& answer, bool worker_visible,
                        std::string_view request_id);

/// All workers that a view shows, as far as it shows them.
std::string workers_json(const WorkersView& view);
/// One of them.
std::string worker_json(const dispatcher::WorkerRow& row, const WorkersView& view);

}  // namespace samoyed::web
