#pragma once

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

namespace samoyed::web {

/// Returns an error in the format of the request's endpoint. A page also shows the workers that the
/// client may see.
Response error_response(const Services& services, const RequestContext& context,
                        const Problem& problem);

/// Does the same for a client that may be unknown or may have asked for another site. Shows no
/// workers.
Response anonymous_error_response(const Services& services, const RequestContext& context,
                                  const Problem& problem);

/// Adds the fields that an error's response needs beside its body.
void add_error_fields(Response& response, const Problem& problem, const RequestContext& context);

/// The error for an image with more bytes than the site accepts.
Problem too_large(std::uint64_t image_bytes_max);

/// The error if no worker answers for the model in the request's path: `unknown_model` if none runs
/// it, or `no_active_worker` if that can't be ruled out.
Problem missing_model(const Services& services, const RequestContext& context);

/// The error for a client that needs the admin token and has no valid one.
Problem not_signed_in(AdminGate::Verdict verdict);

/// The error for an upload that is not admitted. `reason` is `overloaded` or `client_limit`.
Problem upload_not_admitted(Reason reason);

/// The error for a stream beyond the limit.
Problem too_many_streams();

/// The error for a failure in the server itself.
Problem internal_error();
/// Results and jobs can't be read or stored.
Problem storage_error();

}  // namespace samoyed::web
