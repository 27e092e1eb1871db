// SPDX-License-Identifier: Apache-2.0
//
// UnsubscribeService: what a request to the unsubscribe page means, and what is answered.
//
// Only a POST with List-Unsubscribe=One-Click unsubscribes (RFC 8058 §3.2): programs that look at
// links before their readers do send GET. Every token of ours gets the same answer, whether its
// address is known, on the list already or gone; nothing is ever answered with a redirect (§3.1).
// Said to be done is what the store has kept.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "milter/ctl/client_limits.h"
#include "milter/ctl/unsubscribe_page.h"
#include "milter/http_server.h"
#include "milter/log.h"
#include "policy/base/keyed_hash.h"
#include "policy/config/unsubscribe_config.h"
#include "policy/unsubscribe/forms.h"

namespace icm::ctl {

// Safe from any thread.
class UnsubscribeService {
 public:
  // Keeps a wish, with its evidence, in words for the log; an Error when it could not.
  using Keep =
      std::function<Result<std::string>(const UnsubscribeWish&, std::string_view evidence)>;
  using Now = std::function<ClientLimits::Time()>;

  // `log` outlives this.
  UnsubscribeService(UnsubscribeTokens tokens, UnsubscribePlace place,
                     UnsubscribeEndpointConfig config, Keep keep, Now now, Log& log);

  HttpResponse answer(const HttpRequest& request);

 private:
  struct Client {
    std::string name;   // what limits go by
    std::string shown;  // for log and evidence
  };
  Client client_of(const HttpRequest& request) const;
  bool is_proxy(const IpAddress& address) const;
  HttpResponse decide(const HttpRequest& request, const Client& client, std::string& outcome);
  HttpResponse unsubscribe(const HttpRequest& request, const Client& client,
                           const UnsubscribeWish& wish, std::string& outcome);
  HttpResponse page(int status, UnsubscribePage which) const;
  HttpResponse wait(std::chrono::seconds span, std::string& outcome) const;
  std::string who(const UnsubscribeWish& wish) const;

  const UnsubscribeTokens tokens_;
  const UnsubscribePlace place_;
  const UnsubscribeEndpointConfig config_;
  const Keep keep_;
  const Now now_;
  Log& log_;
  const KeyedHash hash_;  // ties the lines of one run together, and says nothing else
  ClientLimits per_client_;
  ClientLimits overall_;
};

}  // namespace icm::ctl
