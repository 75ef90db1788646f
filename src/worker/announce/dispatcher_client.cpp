#include "worker/announce/dispatcher_client.hpp"

#include <array>
#include <curl/curl.h>
#include <new>
#include <poll.h>
#include <stdexcept>
#include <string_view>

#include "samoyed/io/token_file.hpp"

namespace samoyed::worker {
namespace {

constexpr std::chrono::milliseconds connect_time_max{5000};
constexpr std::chrono::milliseconds call_time_max{10000};
/// For the last call of a worker that stops.
constexpr std::chrono::milliseconds remove_time_max{2000};

constexpr long status_ok_first = 200;
constexpr long status_ok_last = 299;
constexpr long status_unauthorized = 401;
constexpr long status_not_found = 404;

std::size_t ignore_bytes(char*, std::size_t size, std::size_t count, void*) { return size * count; }

/// Ends the call if the worker has something to say, or is gone.
int check_stop(void* stop_socket, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  pollfd state{*static_cast<const int*>(stop_socket), POLLIN, 0};
  return poll(&state, 1, 0) > 0 ? 1 : 0;
}

std::string percent_encoded(CURL* curl, const std::string& text) {
  const std::unique_ptr<char, void (*)(void*)> encoded(
      curl_easy_escape(curl, text.data(), static_cast<int>(text.size())), &curl_free);
  if (!encoded) throw std::bad_alloc();
  return encoded.get();
}

bool succeeded(long status) { return status >= status_ok_first && status <= status_ok_last; }

}  // namespace

struct DispatcherClient::Handle {
  explicit Handle(int socket) : stop_socket(socket), curl(curl_easy_init()) {
    if (!curl) throw std::runtime_error("can't start libcurl");
  }
  ~Handle() {
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(curl, option, value);
    if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
  }

  /// Prepares a call. Connections are kept, so that a call takes one round trip.
  void reset(const AnnounceOptions& options, const std::string& url, Ends ends) {
    curl_easy_reset(curl);
    curl_slist_free_all(headers);
    headers = nullptr;
    message = {};
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    // A worker that a dispatcher can reach reaches it too.
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_ERRORBUFFER, message.data());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_time_max.count()));
    const auto time_max = ends == Ends::early ? call_time_max : remove_time_max;
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(time_max.count()));
    set(CURLOPT_WRITEFUNCTION, &ignore_bytes);
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    if (ends == Ends::in_time) return;
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &check_stop);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&stop_socket));
  }

  void add_header(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers, line.c_str());
    if (!longer) throw std::bad_alloc();
    headers = longer;
    set(CURLOPT_HTTPHEADER, headers);
  }

  /// Returns why the call failed, or an empty string.
  std::string perform() {
    const CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK) return {};
    return message[0] != '\0' ? message.data() : curl_easy_strerror(code);
  }

  int stop_socket;
  CURL* const curl;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> message = {};
};

DispatcherClient::DispatcherClient(const AnnounceOptions& options, int stop_socket)
    : options_(options), handle_(std::make_unique<Handle>(stop_socket)) {}

DispatcherClient::~DispatcherClient() = default;

DispatcherClient::Response DispatcherClient::call(const char* method, const std::string& path,
                                                  Ends ends) {
  Handle& handle = *handle_;
  Response response;
  unanswered_ = false;
  try {
    // The file is read each time, because a token may be replaced.
    const std::string token =
        options_.token_file.empty() ? "" : io::read_token_file(options_.token_file);
    handle.reset(options_, options_.url + path, ends);
    handle.set(CURLOPT_CUSTOMREQUEST, method);
    if (std::string_view(method) == "POST") handle.set(CURLOPT_POSTFIELDS, "");
    if (!token.empty()) handle.add_header("Authorization: Bearer " + token);
    response.failure = handle.perform();
  } catch (const std::runtime_error& error) {
    response.failure = error.what();
    return response;
  }
  long sent_bytes = 0;
  curl_easy_getinfo(handle.curl, CURLINFO_REQUEST_SIZE, &sent_bytes);
  unanswered_ = !response.failure.empty() && sent_bytes > 0;
  curl_easy_getinfo(handle.curl, CURLINFO_RESPONSE_CODE, &response.status);
  curl_header* reason = nullptr;
  if (curl_easy_header(handle.curl, "Samoyed-Reason", 0, CURLH_HEADER, -1, &reason) == CURLHE_OK) {
    response.reason = reason->value;
  }
  return response;
}

std::string DispatcherClient::problem_of(const Response& response) const {
  if (!response.failure.empty()) return response.failure;
  if (succeeded(response.status)) return {};
  if (response.status == status_unauthorized) {
    return options_.token_file.empty()
               ? "it requires its admin token; name the token's file with --announce-token-file"
               : "it doesn't accept the token in " + options_.token_file.string();
  }
  return "it answered with status " + std::to_string(response.status) +
         (response.reason.empty() ? "" : " (" + response.reason + ")");
}

std::string DispatcherClient::add(const std::string& address) {
  return problem_of(call("POST", "/add/" + percent_encoded(handle_->curl, address)));
}

std::string DispatcherClient::add_if_missing(const std::string& address) {
  const Response response =
      call("GET", "/api/v1/workers/" + percent_encoded(handle_->curl, address));
  const bool missing = response.failure.empty() && response.status == status_not_found;
  return missing ? add(address) : problem_of(response);
}

std::string DispatcherClient::remove(const std::string& address) {
  const Response response =
      call("POST", "/del/" + percent_encoded(handle_->curl, address), Ends::in_time);
  const bool missing = response.failure.empty() && response.status == status_not_found;
  return missing ? "" : problem_of(response);
}

std::string DispatcherClient::own_address(std::string& why) {
  // A handle of its own, because libcurl closes such a connection only with its handle.
  Handle probe(handle_->stop_socket);
  probe.reset(options_, options_.url, Ends::early);
  probe.set(CURLOPT_CONNECT_ONLY, 1L);
  why = probe.perform();
  if (!why.empty()) return {};
  const char* address = nullptr;
  curl_easy_getinfo(probe.curl, CURLINFO_LOCAL_IP, &address);
  return address ? address : "";
}

}  // namespace samoyed::worker
