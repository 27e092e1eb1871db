// SPDX-License-Identifier: Apache-2.0
//
// What people see who open an unsubscribe link: a page that works without scripts, in light and
// dark, for screen readers and small screens, and loads nothing from anywhere.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace icm::ctl {

enum class UnsubscribePage {
  ask,          // a button; nothing has happened
  done,         // it is so
  unknown,      // the link is none of ours, or not whole
  later,        // the store is away: nothing has happened
  too_many,     // the client asks too often
  not_allowed,  // a method other than GET, HEAD and POST
};

// HTML. `site` is the sender's name, empty for none. Names nobody: the link may have been
// forwarded.
std::string unsubscribe_page(UnsubscribePage page, std::string_view site);

// The fields of every answer: nothing is kept, embedded, sniffed or told to other sites.
std::vector<std::pair<std::string, std::string>> page_fields();

}  // namespace icm::ctl
