"""Loss beside that of models that have not seen the candidate: what of it is hard for anybody.

After Watson et al. 2022 (https://arxiv.org/abs/2111.08440) and, with one model that others have
trained, Carlini et al. 2021 (https://arxiv.org/abs/2012.07805).

>>> import numpy as np
>>> from trust.observed import Observed
>>> def of(*nats): return Observed(*[np.array(nats)] * 3)
>>> calibrated(Evidence(of(0.5, 0.5), reference=of(0.6, 3.0))).tolist()     # the second is hard
[0.09999999999999998, 2.5]
"""

from __future__ import annotations

import numpy as np

from trust.attacks import Evidence
from trust.observed import Floats


def calibrated(evidence: Evidence) -> Floats:
    """Loss of the reference model, else the mean of shadow models without it, less the target's."""
    if evidence.reference is not None:
        return evidence.reference.loss - evidence.target.loss
    expected: Floats = np.nanmean(evidence.outside, axis=0) - evidence.target.loss
    return expected
