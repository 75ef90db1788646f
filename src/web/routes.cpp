#include "web/routes.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/ip_text.hpp"
#include "web/assets.hpp"
#include "web/multipart.hpp"
#include "web/responses.hpp"
#include "web/url.hpp"

namespace samoyed::web {
namespace {

using Shown = WorkersView::Shown;
using Verdict = AdminGate::Verdict;

/// A body that a request without an upload may have.
constexpr std::uint64_t idle_body_bytes_max = 4096;

std::uint64_t announced_body_bytes(const Request& head) {
  const std::string_view text = find_field(head.fields, "Content-Length");
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

bool is_upload(const Route& route, const Request& head) {
  return !route.problem && route.place == Place::form && head.method == "POST";
}

Problem wrong_form() {
  return {Reason::wrong_type, "Send the picture as multipart/form-data, in the field `file`."};
}

Problem too_large(std::uint64_t image_bytes_max) {
  return {Reason::too_large,
          "A picture may have " + std::to_string(image_bytes_max >> 20) + " MiB at most."};
}

Problem not_signed_in(Verdict verdict) {
  if (verdict == Verdict::limited) {
    return {Reason::sign_in_limit, "Too many wrong tokens: try again in a minute."};
  }
  return {Reason::token_needed, verdict == Verdict::wrong
                                    ? "That is not the admin token."
                                    : "The workers are for who has the admin token."};
}

Response show_asset(const Asset& asset, const Request& request) {
  const std::string tag = entity_tag(asset);
  // Revalidated each time, so that a new version of the program is never mixed with an old style.
  Response response{200,
                    {{"Content-Type", std::string(asset.media_type)},
                     {"Cache-Control", "no-cache"},
                     {"ETag", tag}},
                    {}};
  if (matches(find_field(request.fields, "If-None-Match"), tag)) {
    response.status = 304;
  } else {
    response.body = asset.bytes;
  }
  return response;
}

Response secured(Response response) {
  secure(response);
  return response;
}

}  // namespace

std::optional<Response> Routes::consider(const Request& head, const Visit& visit) const {
  auto fault = find_fault(find_route(head), head, visit);
  if (fault) secure(*fault);
  return fault;
}

bool Routes::is_upload(const Request& head) const { return web::is_upload(find_route(head), head); }

std::variant<Response, Upload> Routes::route(const Request& request, const Visit& visit) const {
  const Route route = find_route(request);
  if (auto fault = find_fault(route, request, visit)) return secured(std::move(*fault));
  if (!web::is_upload(route, request)) return secured(carry_out(route, request, visit));
  auto taken = take_upload(request, visit);
  if (auto* refused = std::get_if<Response>(&taken)) secure(*refused);
  return taken;
}

std::optional<Response> Routes::find_fault(const Route& route, const Request& head,
                                           const Visit& visit) const {
  const bool probe = !route.problem && (route.place == Place::alive || route.place == Place::ready);
  if (!probe) {
    if (const auto problem = check_host_name(head, rules_.hosts)) {
      return problem_page(*problem, view(Shown::nothing));
    }
  }
  if (route.problem) {
    Response response = problem_page(*route.problem, visit);
    if (response.status == 405) response.fields.push_back({"Allow", std::string(route.allow)});
    return response;
  }
  if (has_effect(route.place, head.method)) {
    if (const auto problem = check_same_site(head)) {
      return problem->reason == Reason::unconfirmed ? ask_back(*problem, route)
                                                    : problem_page(*problem, view(Shown::nothing));
    }
  }
  const bool changes_workers = route.place == Place::add || route.place == Place::remove;
  if (changes_workers && visit.admin != Verdict::admitted) {
    return problem_page(not_signed_in(visit.admin), visit);
  }
  if (web::is_upload(route, head)) {
    const bool form = form_boundary(find_field(head.fields, "Content-Type")).has_value();
    return form ? std::nullopt : std::optional(problem_page(wrong_form(), visit));
  }
  const bool chunked = count_fields(head.fields, "Transfer-Encoding") > 0;
  if (chunked || announced_body_bytes(head) > idle_body_bytes_max) {
    return problem_page({Reason::too_large, "This address takes no such body."}, visit);
  }
  return std::nullopt;
}

Response Routes::carry_out(const Route& route, const Request& request, const Visit& visit) const {
  switch (route.place) {
    case Place::form:
      break;
    case Place::add:
    case Place::remove:
      return change_workers(route, visit);
    case Place::sign_in:
      return sign_in(request, visit);
    case Place::sign_out:
      return sign_out(request);
    case Place::asset:
    case Place::icon: {
      const std::string_view path = route.target.path;
      const auto* const asset =
          find_asset(route.place == Place::icon ? "icon.svg"
                                                : path.substr(std::string_view("/assets/").size()));
      if (asset) return show_asset(*asset, request);
      return problem_page({Reason::not_found, "There is no file of that name."}, visit);
    }
    case Place::alive:
      return text_response(200, "ok");
    case Place::ready:
      return ready(visit);
  }
  return html_response(200, form_page(view_for(visit)));
}

Response Routes::change_workers(const Route& route, const Visit& visit) const {
  const auto [path, query, authority] = route.target;
  const std::string_view verb = path.substr(0, 4);
  const bool bare = path.size() <= verb.size() + 1;
  if (const auto asked = query_value(query, "address"); bare && asked) {
    return redirect(std::string(verb) + "/" + percent_encode(trimmed(*asked)));
  }
  const auto text = percent_decode(path.substr(std::min(verb.size() + 1, path.size())));
  const auto address = text ? protocol::parse_address(*text) : std::nullopt;
  if (!address) {
    return problem_page({Reason::bad_address,
                         "A worker's address is " + std::string(protocol::address_syntax) + "."},
                        visit);
  }
  return route.place == Place::add ? add_worker(*address, visit) : remove_worker(*address, visit);
}

Response Routes::add_worker(const protocol::Address& address, const Visit& visit) const {
  const std::string name = protocol::to_string(address);
  if (protocol::is_ip_literal(address.host) && !rules_.worker_allowed(address.host)) {
    return problem_page({Reason::address_not_allowed,
                         name + " is outside the networks that may hold workers. Start the "
                                "dispatcher with --worker-network to allow it."},
                        visit);
  }
  const dispatcher::AddResult result = workers_.add(address);
  if (result == dispatcher::AddResult::list_full) {
    return problem_page(
        {Reason::list_full,
         "The list is full: it holds " + std::to_string(dispatcher::workers_max) + " workers."},
        visit);
  }
  // Not if it was there before: without a token that would tell whether it had been removed.
  return done_page("Add worker successful", name + " is in the list.", visit);
}

Response Routes::remove_worker(const protocol::Address& address, const Visit& visit) const {
  const std::string name = protocol::to_string(address);
  if (workers_.remove(address)) {
    return done_page("Delete worker successful", name + " is no longer in the list.", visit);
  }
  Response response = html_response(
      404, message_page(404, "Unknown worker", name + " is not in the list.", view_for(visit)));
  give_reason(response, Reason::unknown_worker);
  return response;
}

Response Routes::sign_in(const Request& request, const Visit& visit) const {
  if (!gate_.needed()) {
    return problem_page(
        {Reason::not_found, "No admin token is set: there is nothing to sign in to."}, visit);
  }
  const auto token = query_value(request.body, "token");
  const auto entered = gate_.sign_in(token.value_or(""), visit.client, visit.now);
  if (const auto* verdict = std::get_if<Verdict>(&entered)) {
    return problem_page(not_signed_in(*verdict), view(Shown::signed_out));
  }
  Response response = redirect("/");
  response.fields.push_back(
      {"Set-Cookie", std::string(AdminGate::cookie_name) + "=" + std::get<std::string>(entered) +
                         "; Path=/; HttpOnly; SameSite=Strict" + (visit.https ? "; Secure" : "")});
  return response;
}

Response Routes::sign_out(const Request& request) const {
  gate_.sign_out(request.fields);
  Response response = redirect("/");
  response.fields.push_back({"Set-Cookie", std::string(AdminGate::cookie_name) +
                                               "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"});
  return response;
}

Response Routes::ready(const Visit& visit) const {
  if (workers_.in_rotation_count() > 0 && !visit.stopping) return text_response(200, "ok");
  const Reason reason = visit.stopping ? Reason::stopping : Reason::no_active_worker;
  Response response = text_response(status_of(reason), word_of(reason));
  give_reason(response, reason);
  return response;
}

std::variant<Response, Upload> Routes::take_upload(const Request& request,
                                                   const Visit& visit) const {
  const auto boundary = form_boundary(find_field(request.fields, "Content-Type"));
  if (!boundary) return problem_page(wrong_form(), visit);
  const auto bad_form = [&](std::string sentence) {
    return problem_page({Reason::bad_form, std::move(sentence)}, visit);
  };
  const auto form = parse_form(request.body, *boundary);
  if (const auto* error = std::get_if<FormError>(&form)) return bad_form(error->sentence);
  const FormPart* const file = std::get<Form>(form).find("file");
  if (!file) return bad_form("The form has no field `file`.");
  const std::string name = file->file_name.value_or("");
  if (file->content.empty()) {
    return bad_form(name.empty() ? "No file was chosen." : "The file is empty.");
  }
  if (file->content.size() > rules_.image_bytes_max) {
    return problem_page(too_large(rules_.image_bytes_max), visit);
  }
  return Upload{name, file->content};
}

Response Routes::answer(const UploadView& upload, const dispatcher::Outcome& outcome,
                        const Visit& visit) const {
  if (const auto* answer = std::get_if<dispatcher::Answer>(&outcome)) {
    const ResultView result{upload.file_name, *answer, upload.preview_type, upload.preview_base64};
    return secured(html_response(200, result_page(result, view_for(visit))));
  }
  const auto& failure = std::get<dispatcher::Failure>(outcome);
  Problem problem{reason_of(failure), describe(failure)};
  if (problem.reason == Reason::unreadable &&
      problem.sentence.find(protocol::accepted_formats) == problem.sentence.npos) {
    problem.sentence += " Accepted is " + std::string(protocol::accepted_formats) + ".";
  }
  return secured(problem_page(problem, visit));
}

Response Routes::refusal(const Problem& problem) const {
  return secured(problem_page(problem, view(Shown::nothing)));
}

Response Routes::problem_page(const Problem& problem, const WorkersView& view) const {
  const int status = problem.status();
  Response response =
      html_response(status, message_page(status, heading_of(status), problem.sentence, view));
  give_reason(response, problem.reason);
  if (status == 401) response.fields.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

Response Routes::ask_back(const Problem& problem, const Route& route) {
  std::string target(route.target.path);
  if (!route.target.query.empty()) target += "?" + std::string(route.target.query);
  Response response =
      html_response(problem.status(), confirm_page(problem.status(), problem.sentence, target));
  give_reason(response, problem.reason);
  return response;
}

Response Routes::problem_page(const Problem& problem, const Visit& visit) const {
  return problem_page(problem, view_for(visit));
}

Response Routes::done_page(std::string_view heading, std::string_view sentence,
                           const Visit& visit) const {
  return html_response(200, message_page(200, heading, sentence, view_for(visit)));
}

WorkersView Routes::view_for(const Visit& visit) const {
  if (!gate_.needed()) return view(Shown::open);
  return view(visit.admin == Verdict::admitted ? Shown::signed_in : Shown::signed_out);
}

}  // namespace samoyed::web
