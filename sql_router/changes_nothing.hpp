// Whether nothing of what a statement does outlasts it, on whatever node it runs: then it may run again when its server dies,
// although no replica may have it (Traits::changes_nothing). Rules without memory; what is not proved is told as changing something.
#pragma once

#include "sql_router/effects.hpp"

namespace howdah {

bool changes_nothing(RouteReason reason);       // of what the text itself says
bool changes_nothing(const Effects& relation);  // of what it reads, as the catalog tells it
// Of what it calls, as the catalog tells it; `judged`: what the operator's lists make of that.
bool changes_nothing(const ObjectName& function, const Effects& found, RouteReason judged);

}  // namespace howdah
