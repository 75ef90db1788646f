#include "web/routes.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "samoyed/protocol/address.hpp"
#include "web/assets.hpp"
#include "web/multipart.hpp"
#include "web/pages.hpp"
#include "web/status.hpp"
#include "web/url.hpp"

namespace samoyed::web {
namespace {

/// A body that a request without an upload may have; it is read and dropped.
constexpr std::uint64_t idle_body_bytes_max = 4096;

/// For a client that is told to come back: long enough for a few images to be recognised.
constexpr std::string_view retry_after_s = "2";

enum class Place { form, add, remove, asset, icon };

struct Match {
  Place place;
  std::string_view allow;
};

std::optional<Match> find_place(std::string_view path) {
  if (path == "/") return Match{Place::form, "GET, HEAD, POST"};
  if (path == "/favicon.ico") return Match{Place::icon, "GET, HEAD"};
  if (path.starts_with("/assets/")) return Match{Place::asset, "GET, HEAD"};
  // No HEAD: it asks about a page, and must not change the list.
  if (path == "/add" || path.starts_with("/add/")) return Match{Place::add, "GET, POST"};
  if (path == "/del" || path.starts_with("/del/")) return Match{Place::remove, "GET, POST"};
  return std::nullopt;
}

bool allows(std::string_view allow, std::string_view method) {
  while (!allow.empty()) {
    const std::size_t end = std::min(allow.find(','), allow.size());
    if (trimmed(allow.substr(0, end)) == method) return true;
    allow.remove_prefix(std::min(end + 1, allow.size()));
  }
  return false;
}

bool is_known_method(std::string_view method) {
  return allows("GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH", method);
}

Response html_response(int status, std::string body) {
  Response response{status,
                    {{"Content-Type", "text/html; charset=utf-8"},
                     {"Cache-Control", "no-store"},
                     {"Content-Security-Policy", std::string(content_security_policy)},
                     {"X-Content-Type-Options", "nosniff"},
                     {"Referrer-Policy", "same-origin"},
                     {"Cross-Origin-Resource-Policy", "same-origin"}},
                    std::move(body)};
  if (status == 503) response.fields.push_back({"Retry-After", std::string(retry_after_s)});
  return response;
}

/// What the request line alone tells.
struct Checked {
  std::optional<Problem> problem;
  std::string_view allow;  ///< With 405.
  std::optional<Match> match;
  Target target;
};

Checked check_line(const Request& head) {
  Checked checked;
  if (!is_known_method(head.method)) {
    checked.problem = {501, "This server knows the methods GET, HEAD and POST."};
    return checked;
  }
  const auto target = parse_target(head.target);
  if (!target) {
    const bool about_server = head.method == "OPTIONS" || head.method == "CONNECT";
    checked.allow = "GET, HEAD, POST";
    checked.problem = about_server ? Problem{405, "This server has no other use for that method."}
                                   : Problem{400, "The request's target is no path."};
    return checked;
  }
  checked.target = *target;
  checked.match = find_place(target->path);
  if (!checked.match) {
    checked.problem = {404, "This site has one page, the form."};
  } else if (!allows(checked.match->allow, head.method)) {
    checked.allow = checked.match->allow;
    checked.problem = {405, "This address takes " + std::string(checked.allow) + "."};
  }
  return checked;
}

std::uint64_t announced_body_bytes(const Request& head) {
  const std::string_view text = find_field(head.fields, "Content-Length");
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

Problem wrong_form() {
  return {415, "Send the picture as multipart/form-data, in the field `file`."};
}

}  // namespace

std::optional<Response> Routes::consider(const Request& head) const {
  const Checked checked = check_line(head);
  if (checked.problem) {
    Response response = refusal(*checked.problem);
    if (checked.problem->status == 405) {
      response.fields.push_back({"Allow", std::string(checked.allow)});
    }
    return response;
  }
  if (checked.match->place == Place::form && head.method == "POST") {
    if (!form_boundary(find_field(head.fields, "Content-Type"))) return refusal(wrong_form());
    return std::nullopt;
  }
  const bool chunked = count_fields(head.fields, "Transfer-Encoding") > 0;
  if (chunked || announced_body_bytes(head) > idle_body_bytes_max) {
    return refusal({413, "This address takes no such body."});
  }
  return std::nullopt;
}

std::variant<Response, Upload> Routes::route(const Request& request) const {
  if (auto response = consider(request)) return std::move(*response);
  const Checked checked = check_line(request);
  const auto [path, query] = checked.target;
  switch (checked.match->place) {
    case Place::form:
      break;
    case Place::add:
      return change_workers(path, query, true);
    case Place::remove:
      return change_workers(path, query, false);
    case Place::asset:
      return show_asset(path.substr(std::string_view("/assets/").size()), request);
    case Place::icon:
      return show_asset("icon.svg", request);
  }
  if (request.method == "POST") return take_upload(request);
  return show_form();
}

Response Routes::show_form() const { return html_response(200, form_page(workers_.rows())); }

Response Routes::change_workers(std::string_view path, std::string_view query, bool add) const {
  const std::string_view verb = path.substr(0, 4);
  const bool bare = path.size() <= verb.size() + 1;
  if (const auto asked = query_value(query, "address"); bare && asked) {
    Response response = html_response(303, {});
    response.fields.push_back(
        {"Location", std::string(verb) + "/" + percent_encode(trimmed(*asked))});
    return response;
  }
  const auto text = percent_decode(path.substr(std::min(verb.size() + 1, path.size())));
  const auto address = text ? protocol::parse_address(*text) : std::nullopt;
  if (!address) {
    return refusal({400, "A worker's address is " + std::string(protocol::address_syntax) + "."});
  }
  const std::string name = protocol::to_string(*address);
  if (add) {
    const dispatcher::AddResult result = workers_.add(*address);
    if (result == dispatcher::AddResult::list_full) {
      return refusal({409, "The list is full: it holds " + std::to_string(dispatcher::workers_max) +
                               " workers."});
    }
    const bool is_new = result == dispatcher::AddResult::added;
    return html_response(200, message_page(200, "Add worker successful",
                                           is_new ? name + " is in the list now."
                                                  : name + " was in the list already.",
                                           workers_.rows()));
  }
  if (!workers_.remove(*address)) {
    return html_response(
        404, message_page(404, "Unknown worker", name + " is not in the list.", workers_.rows()));
  }
  return html_response(200, message_page(200, "Delete worker successful",
                                         name + " is no longer in the list.", workers_.rows()));
}

Response Routes::show_asset(std::string_view name, const Request& request) const {
  const Asset* const asset = find_asset(name);
  if (!asset) return refusal({404, "There is no file of that name."});
  const std::string tag = entity_tag(*asset);
  // Revalidated each time, so that a new version of the program is never mixed with an old style.
  Response response{200,
                    {{"Content-Type", std::string(asset->media_type)},
                     {"Cache-Control", "no-cache"},
                     {"ETag", tag},
                     {"X-Content-Type-Options", "nosniff"},
                     {"Cross-Origin-Resource-Policy", "same-origin"}},
                    {}};
  if (matches(find_field(request.fields, "If-None-Match"), tag)) {
    response.status = 304;
  } else {
    response.body = asset->bytes;
  }
  return response;
}

std::variant<Response, Upload> Routes::take_upload(const Request& request) const {
  const auto boundary = form_boundary(find_field(request.fields, "Content-Type"));
  if (!boundary) return refusal(wrong_form());
  const auto form = parse_form(request.body, *boundary);
  if (const auto* error = std::get_if<FormError>(&form)) return refusal({400, error->sentence});
  const FormPart* const file = std::get<Form>(form).find("file");
  if (!file) return refusal({400, "The form has no field `file`."});
  const std::string name = file->file_name.value_or("");
  if (file->content.empty()) {
    return refusal({400, name.empty() ? "No file was chosen." : "The file is empty."});
  }
  if (file->content.size() > image_bytes_max_) return too_large();
  return Upload{name, file->content};
}

Response Routes::answer(const UploadView& upload, const dispatcher::Outcome& outcome) const {
  const int status = status_of(outcome);
  if (const auto* answer = std::get_if<dispatcher::Answer>(&outcome)) {
    const ResultView view{upload.file_name, *answer, upload.preview_type, upload.preview_base64};
    return html_response(status, result_page(view, workers_.rows()));
  }
  std::string sentence = describe(std::get<dispatcher::Failure>(outcome));
  if (status == 415 && sentence.find(protocol::accepted_formats) == sentence.npos) {
    sentence += " Accepted is " + std::string(protocol::accepted_formats) + ".";
  }
  return refusal({status, std::move(sentence)});
}

Response Routes::refusal(const Problem& problem) const {
  return html_response(problem.status, message_page(problem.status, heading_of(problem.status),
                                                    problem.sentence, workers_.rows()));
}

Response Routes::too_large() const {
  return refusal(
      {413, "A picture may have " + std::to_string(image_bytes_max_ >> 20) + " MiB at most."});
}

}  // namespace samoyed::web
