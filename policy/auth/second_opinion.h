// SPDX-License-Identifier: Apache-2.0
//
// A refusal needs two opinions: what libspf2, libopendkim and libopendmarc say to the question that
// SPF, DKIM and DMARC here have answered. Each library is fed by our Resolver and sees only what it
// is known to survive and to judge rightly; for everything else it is not asked, and the answer
// says why.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/auth/authenticator.h"
#include "policy/auth/dkim.h"
#include "policy/auth/dmarc.h"
#include "policy/auth/spf.h"
#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/message/header.h"

namespace icm {

// What a library said.
struct SecondOpinion {
  std::string result;  // a word of RFC 8601 §2.7; empty when the library was not asked
  std::string reason;  // its own words (untrusted, ASCII), or why it was not asked

  static SecondOpinion not_asked(const std::string& why) {
    return {.result = {}, .reason = "not asked: " + why};
  }
  bool was_asked() const { return !result.empty(); }
  bool operator==(const SecondOpinion&) const = default;
};

// What an opinion means for a refusal or deferral that rests on our result.
enum class Agreement {
  confirmed,
  disputed,  // to be logged and counted, and by default not enforced
  unasked,   // nobody spoke against it. A sender chooses what is asked, so this is no dispute:
             // else a record with a /0 in it would be a way around every refusal
};
std::string_view to_string(Agreement agreement);  // "confirmed", "disputed", "unasked"

// SPF and DKIM: confirmed when neither says pass, whatever the words: which of fail, softfail,
// neutral, none and permerror it is depends on a reading of the standards, and a receiver asks for
// a pass. A temperror of theirs beside a result of ours is no opinion, unasked: whoever runs the
// domain chooses which question is answered. A pass of ours is confirmed by a pass.
Agreement agreement(const SpfResult& ours, const SecondOpinion& theirs);
Agreement agreement(const DkimResult& ours, const SecondOpinion& theirs);
// DMARC: confirmed when the words are the same: "none" asks for a record, "fail" for alignment.
Agreement agreement(const DmarcVerdict& ours, const SecondOpinion& theirs);

// The opinions on one message: asked when somebody wants to know, each question once. References
// outlive it. Not synchronised.
class SecondOpinions {
 public:
  SecondOpinions(const HeaderList& headers, AuthSources& sources);
  ~SecondOpinions();

  // False when nothing needs the body: there is no DKIM-Signature.
  bool wants_body() const { return dkim_ != nullptr; }
  // The canonical form is libopendkim's work: chunks are only kept, until there are too many to
  // keep and the library is started and takes them as they come.
  void body(std::string_view chunk);

  // The MAIL FROM identity, or HELO when the reverse-path is null.
  SecondOpinion spf(const SpfQuestion& question, Deadline deadline);

  // `ours` is the result at `index` of Authentication::dkim; `now` is what it was judged by. After
  // the last chunk of the body.
  SecondOpinion dkim(std::size_t index, const DkimResult& ours, WallTime now, Deadline deadline);

  // Asked about one of the verdicts of `ours`, with its record and its organizational domains.
  SecondOpinion dmarc(const DmarcInput& input, const DmarcResult& ours, DmarcStandard standard,
                      Deadline deadline);

 private:
  class Dkim;
  AuthSources& sources_;
  std::unique_ptr<Dkim> dkim_;
  std::vector<std::pair<SpfQuestion, SecondOpinion>> spf_;
};

// The libraries themselves, each in its own file and asked anew with every call.
SecondOpinion ask_libspf2(const SpfQuestion& question, Resolver& resolver, Deadline deadline);
SecondOpinion ask_libopendmarc(const DmarcInput& input, const DmarcResult& ours,
                               DmarcStandard standard, AuthSources& sources, Deadline deadline);

}  // namespace icm
