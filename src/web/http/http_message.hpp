#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/http/reasons.hpp"

namespace samoyed::web {

/// One header field as received. Names are compared case-insensitively.
struct Field {
  std::string name;
  std::string value;
};
using Fields = std::vector<Field>;

/// A request from HttpSession, without the HTTP library's types.
struct Request {
  /// As received. Methods are case-sensitive.
  std::string method;
  /// The request target, neither decoded nor checked.
  std::string target;
  /// 10 for HTTP/1.0, 11 for HTTP/1.1.
  int version = 11;
  /// The fields of the header. The trailers of a chunked body are dropped.
  Fields fields;
  /// The body without transfer coding. Empty until the whole body has been read.
  std::string body;
};

class Feed;

/// A response. The session adds Date, Content-Length, Connection and the security fields.
struct Response {
  int status = 200;
  Fields fields;
  std::string body;
  /// Closes the connection, even if the request asked to keep it.
  bool close = false;
  /// The body follows in pieces through `HttpSession::send`, and `body` is empty.
  bool stream = false;
  /// The stream has no end of its own. It is complete wherever it ends, for example when the server
  /// stops.
  bool endless = false;
  /// The last piece of an endless stream that ends because the server stops.
  std::string last_piece = {};
  /// The source of the pieces if `stream` is set.
  std::shared_ptr<Feed> feed = nullptr;
  /// The addresses in the body already begin with the site's base path.
  bool body_has_base_path = false;
};

/// Why a request can't be served, before it becomes a response.
struct Problem {
  Reason reason = Reason::bad_request;
  /// Tells the user what is wrong and what to do.
  std::string sentence;

  int status() const { return status_of(reason); }
};

/// Compares two texts, ignoring the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Returns the text without spaces and tabs at either end.
std::string_view trimmed(std::string_view text);

/// Returns true if a Content-Type is multipart/form-data.
bool is_form_type(std::string_view content_type);

/// Returns the value of the first field of that name, or an empty text if there is none.
std::string_view find_field(const Fields& fields, std::string_view name);
std::size_t count_fields(const Fields& fields, std::string_view name);

}  // namespace samoyed::web
