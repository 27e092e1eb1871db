// SPDX-License-Identifier: Apache-2.0
//
// Mailings: has mail like this one just gone to many? The one sign of bulk mail that a careless
// sender cannot leave out, and the only one that takes a memory.
//
// Copies of a mailing have the author in common and most of their words, while names, numbers,
// links and tokens differ. So words with digits and links are not read, and what remains is put
// down as the two least hashes among all its triples of words: a few words that differ rarely touch
// those two, and texts that share no triples never have both in common. A copy that the name of its
// reader set apart is not counted; the others are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/guarded.h"
#include "policy/base/keyed_hash.h"
#include "policy/config/config.h"
#include "policy/message/envelope.h"
#include "policy/message/structured.h"

namespace icm {

// Safe from any thread; lives as long as the daemon, over every reload. Its memory is bounded: what
// was not seen for longest is forgotten first.
class Mailings {
 public:
  static constexpr std::size_t opening_octets = 4096;  // of a body that are looked at
  static constexpr std::size_t most_templates = 16384;
  static constexpr std::size_t most_recipients = 65536;  // of all templates together

  Mailings() = default;
  explicit Mailings(KeyedHash hash) : hash_(hash) {}

  // What is the same between copies of one mailing, as a number. `subject` is a field body,
  // `opening` the first octets of a body, both as they stand in the message.
  std::uint64_t template_of(const Address& author, std::string_view subject,
                            std::string_view opening) const;

  // Notes the Apple recipients of a message and says how many different ones mail of this template
  // went to within `config.window`, these among them; no more than `config.recipients`.
  int note(std::uint64_t mail_template, const std::vector<Recipient>& recipients, WallTime now,
           const MailingsConfig& config);

 private:
  struct Seen {
    std::uint64_t recipient;
    WallTime when;
  };
  struct Template {
    std::uint64_t number;
    std::vector<Seen> seen;
  };
  struct Memory {
    std::list<Template> templates;  // the last used first
    std::unordered_map<std::uint64_t, std::list<Template>::iterator> by_number;
    std::size_t recipients = 0;

    Template& use(std::uint64_t number);
    void forget_the_oldest();
  };

  KeyedHash hash_;
  Guarded<Memory> memory_;
};

}  // namespace icm
