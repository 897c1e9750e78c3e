"""Right and wrong answers to 3.3."""

from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


SITES = {
    "keras.LSTM.dropout": "input",
    "keras.LSTM.recurrent_dropout": "recurrent",
    "torch.nn.LSTM.dropout": "between layers",
    "keras.Dropout after LSTM": "output",
    "pyg.GATConv.dropout": "attention",
}


@bank.right
def dictionary(argument):
    return SITES[argument]


@bank.right
def branches(argument):
    if "GATConv" in argument:
        return "attention"
    if argument.startswith("torch"):
        return "between layers"
    if "after" in argument:
        return "output"
    return "recurrent" if "recurrent" in argument else "input"


for slug, name, site in (
    ("torch-dropout-not-recurrent", "torch.nn.LSTM.dropout", "recurrent"),
    ("torch-dropout-not-recurrent", "torch.nn.LSTM.dropout", "output"),
    ("keras-dropout-is-input", "keras.LSTM.dropout", "output"),
    ("recurrent-dropout-is-state", "keras.LSTM.recurrent_dropout", "between layers"),
    ("layer-after-is-output", "keras.Dropout after LSTM", "recurrent"),
    ("layer-after-is-between", "keras.Dropout after LSTM", "between layers"),
    ("gat-dropout-is-attention", "pyg.GATConv.dropout", "input"),
    ("other-words", "pyg.GATConv.dropout", "weights"),
    ("nothing-returned", "keras.LSTM.dropout", None),
    ("other-words", "keras.LSTM.dropout", "Input"),
):
    bank.wrong(slug)(lambda argument, name=name, site=site: (SITES | {name: site})[argument])


@bank.wrong()
def a_list(argument):
    return [SITES[argument]]


@bank.wrong("value-not-handled")
def one_missing(argument):
    return {k: v for k, v in SITES.items() if "GAT" not in k}[argument]
